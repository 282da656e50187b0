"""The day, step by step: each module's ``run(day)`` leaves what the next ones need in the context."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from infra.day.steps import (
    step_01_network,
    step_02_patients,
    step_03_insurance,
    step_04_booking,
    step_05_reminders,
    step_06_clinic,
    step_07_money,
    step_08_close,
)

if TYPE_CHECKING:
    from infra.day.context import Day

STEPS: tuple[tuple[str, Callable[[Day], None]], ...] = (
    ("the network: a tenant, its places, people, payers and prices", step_01_network.run),
    ("patients come in as FHIR bundles", step_02_patients.run),
    ("insurance is verified", step_03_insurance.run),
    ("thirty days of booking, sixteen clients at once", step_04_booking.run),
    ("reminders go out and are answered", step_05_reminders.run),
    ("the clinic day, minute by minute", step_06_clinic.run),
    ("sixty days of claims, remittances, statements and payments", step_07_money.run),
    ("the books are closed", step_08_close.run),
)
