"""Holding, booking, moving and cancelling on the real service."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chassis.protos import instant
from chassis.testing.harness import Harness, expect_error
from polyclinic.scheduling.v1 import events_pb2 as events
from polyclinic.scheduling.v1 import scheduling_pb2 as pb
from scheduling.domain.cells import cell_at
from tests.scheduling.clinic import Clinic, at, open_clinic, stamp


def test_a_free_time_is_booked_once(clinic: Clinic) -> None:
    """A free time can be booked; the same practitioner's time cannot be booked again, whoever asks."""
    start = at(clinic.day(), 10)
    booked = clinic.book(start)
    assert instant(booked.start_time) == start
    assert instant(booked.end_time) == start + timedelta(minutes=30)
    assert booked.status == events.APPOINTMENT_STATUS_BOOKED
    assert booked.patient_name == "Smith, John"
    assert booked.practitioner_name == "Okafor, Ada, MD"
    assert booked.time_zone == "America/New_York"
    for overlapping in (start, start + timedelta(minutes=25), start - timedelta(minutes=25)):
        with expect_error("SLOT_TAKEN"):
            clinic.book(overlapping)
    clinic.book(start + timedelta(minutes=30))
    clinic.book(start - timedelta(minutes=30))
