"""What a refused request is told."""

from __future__ import annotations

from typing import Any

import protovalidate
import pytest
from google.protobuf.message import Message
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry
from polyclinic.scheduling.v1 import scheduling_pb2 as scheduling

from chassis.violations import told


def refusals(request: Message) -> dict[str, str]:
    return {
        each.field: each.message
        for each in (told(one) for one in protovalidate.Validator().collect_violations(request))
    }


@pytest.mark.parametrize(
    ("request_", "field", "message"),
    [
        (registry.RegisterPatientRequest(), "patient", "is required"),
        (registry.SearchPatientsRequest(query=""), "query", "must not be empty"),
        (registry.SearchPatientsRequest(query="x", page_size=501), "page_size", "must be from 0 to 500"),
        (scheduling.SearchSlotsRequest(), "appointment_type_ids", "must have at least one"),
        (registry.SearchPatientsRequest(query="x" * 121), "query", "must be at most 120 characters"),
        (registry.GetPatientRequest(patient_id="17"), "patient_id", "must be a valid UUID"),
    ],
)
def test_violations_are_plain_sentences(request_: Any, field: str, message: str) -> None:
    """The words say what must be, without the validator's placeholders."""
    assert refusals(request_) == {field: message}


def test_a_pattern_is_named_as_the_form_it_is() -> None:
    """A value of the wrong form is told the form; the path leads to the field inside the message."""
    request = registry.RegisterPatientRequest()
    request.patient.name.family, request.patient.name.given = "Okafor", "Ife"
    request.patient.birth_date.year = 1990
    request.patient.ssn_last_four = "12x"
    assert refusals(request) == {"patient.ssn_last_four": "must have the form ^[0-9]{4}$"}
