"""The present state as events, for readers that rebuild their copies."""

from __future__ import annotations

from chassis.call import Call
from chassis.errors import InvalidInput, Violation
from patient_registry import published
from patient_registry.store import Store

PATIENTS = frozenset(
    {"polyclinic.patient_registry.v1.PatientChanged", "polyclinic.patient_registry.v1.PatientRegistered"}
)
COVERAGES = frozenset({"polyclinic.patient_registry.v1.CoverageChanged"})


def page(call: Call, event: str, page_size: int, page_token: str) -> tuple[list[bytes], str]:
    """A page of serialised events that carry the state of patients or coverages. Raises InvalidInput."""
    store = Store(call.session)
    if event in PATIENTS:
        patients, token = store.all_patients(page_size, page_token)
        return [published.patient_changed(row).SerializeToString() for row in patients], token
    if event in COVERAGES:
        coverages, token = store.all_coverages(page_size, page_token)
        return [published.coverage_changed(row).SerializeToString() for row in coverages], token
    raise InvalidInput(
        [Violation("event", "must be PatientChanged or CoverageChanged of polyclinic.patient_registry.v1")]
    )
