"""What billing's codes and ids are called: payers, patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.web.page import Page

# So many questions are asked at once.
AT_ONCE = 8


def payers_of(page: Page) -> dict[str, str]:
    """Code → name of the payers; nothing when they cannot be had."""
    return payer_names(page.together(payers=page.ask("Billing.ListPayers", page_size=500))["payers"].value)


def payer_names(found: Any) -> dict[str, str]:
    """Code → name, of a list of payers (None: it could not be had)."""
    return {each.code: each.name for each in found.payers} if found is not None else {}


def patients_of(page: Page, patient_ids: Sequence[str]) -> dict[str, Any]:
    """Patient's id → the patient, for the lists of billing that know no names; without those who cannot be read."""
    wanted = sorted({each for each in patient_ids if each})
    parts = several(page, [page.ask("PatientRegistry.GetPatient", patient_id=each) for each in wanted])
    return {part.value.patient_id: part.value for part in parts if part.value is not None}


def several(page: Page, asks: Sequence[Any]) -> list[Any]:
    """The answers to many questions of one kind, in their order; as many at once as a page may ask."""
    found: list[Any] = []
    for at in range(0, len(asks), AT_ONCE):
        parts = page.together(**{f"n{n}": each for n, each in enumerate(asks[at : at + AT_ONCE])})
        found.extend(parts.values())
    return found
