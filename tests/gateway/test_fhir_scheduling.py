"""FHIR in front of the real scheduling service: Schedule, Slot, Appointment, and IHE's $find, $hold and $book."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B.appointment import Appointment
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.schedule import Schedule
from flask.testing import FlaskClient
from polyclinic.scheduling.v1 import scheduling_pb2 as pb

from chassis.ids import uuid7
from chassis.principal import Principal
from gateway.fhir.references import ScheduleId, SlotId
from tests.scheduling.clinic import Clinic, at, open_clinic

FHIR = "application/fhir+json"
TYPE = "urn:polyclinic:appointment-type"


@pytest.fixture
def clinic(service_harness: Callable[..., Any]) -> Clinic:
    """A clinic in a new tenant of the real service."""
    return open_clinic(service_harness("scheduling"))


@pytest.fixture
def fhir(in_front_of: Callable[..., FlaskClient], clinic: Clinic) -> FlaskClient:
    """The gateway in front of it, as a user who may do everything."""
    return client_of(in_front_of, clinic, permissions=frozenset({"*"}))


def client_of(in_front_of: Callable[..., FlaskClient], clinic: Clinic, **rights: Any) -> FlaskClient:
    """A client of the gateway with these rights."""
    kind = "patient" if rights.get("patient_ids") else "user"
    principal = Principal(kind=kind, id=str(uuid7()), name="Ada", tenant_id=clinic.tenant_id, **rights)
    client = in_front_of({"scheduling": f"127.0.0.1:{clinic.harness.service.port}"})
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {clinic.harness.token(principal)}"
    return client


def iso(moment: datetime) -> str:
    """An instant as FHIR writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def get(fhir: FlaskClient, path: str, **parameters: Any) -> Any:
    """A valid searchset."""
    answer = fhir.get(f"/fhir/R4/{path}", query_string={key.replace("__", "."): v for key, v in parameters.items()})
    assert answer.status_code == 200, answer.json
    Bundle.model_validate(answer.json)
    return answer.json


def resources(bundle: Any) -> list[Any]:
    """What a searchset found."""
    return [entry["resource"] for entry in bundle.get("entry", []) if entry["search"]["mode"] == "match"]


def parameters(**given: Any) -> dict[str, Any]:
    """A Parameters resource; references are references."""
    made = []
    for name, value in given.items():
        name = name.replace("_", "-")
        if isinstance(value, dict):
            made.append({"name": name, "resource": value})
        elif name.endswith("reference"):
            made.append({"name": name, "valueReference": {"reference": value}})
        else:
            made.append({"name": name, "valueString": value})
    return {"resourceType": "Parameters", "parameter": made}


def operation(fhir: FlaskClient, name: str, **given: Any) -> Any:
    """The answer of an operation, a valid searchset."""
    answer = fhir.post(f"/fhir/R4/Appointment/${name}", json=parameters(**given), content_type=FHIR)
    assert answer.status_code == 200, answer.json
    Bundle.model_validate(answer.json)
    return answer.json


def wanted(clinic: Clinic, start: datetime, patient: UUID | None = None, **more: Any) -> dict[str, Any]:
    """An Appointment to be booked."""
    actors = [f"Practitioner/{clinic.practitioner_ids[0]}", f"Location/{clinic.location_id}"]
    actors += [f"Patient/{patient}"] if patient else []
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "serviceType": [{"coding": [{"system": TYPE, "code": "visit"}]}],
        "start": iso(start),
        "end": iso(start + timedelta(minutes=30)),
        "participant": [{"actor": {"reference": actor}, "status": "accepted"} for actor in actors],
    } | more


def create(fhir: FlaskClient, resource: dict[str, Any], **headers: str) -> Any:
    """Books."""
    return fhir.post("/fhir/R4/Appointment", json=resource, content_type=FHIR, headers=headers)


def put(fhir: FlaskClient, resource: dict[str, Any], etag: str = "") -> Any:
    """Updates."""
    headers = {"If-Match": etag} if etag else {}
    return fhir.put(f"/fhir/R4/Appointment/{resource['id']}", json=resource, content_type=FHIR, headers=headers)


# ---- what is free --------------------------------------------------------------------------------------------------------


def test_schedules_are_practitioners_at_locations(clinic: Clinic, fhir: FlaskClient) -> None:
    """Each practitioner with hours at a location is a Schedule, found by its actors and read by its id."""
    other = clinic.practitioner("Larsen")
    found = resources(get(fhir, "Schedule", actor=f"Location/{clinic.location_id}"))
    assert {one["actor"][0]["reference"] for one in found} == {f"Practitioner/{p}" for p in clinic.practitioner_ids}
    own = resources(get(fhir, "Schedule", actor=f"Practitioner/{other}"))
    assert len(own) == 1
    read = fhir.get(f"/fhir/R4/Schedule/{own[0]['id']}")
    assert Schedule.model_validate(read.json).active
    assert resources(get(fhir, "Schedule", _id=own[0]["id"])) == own
    nobody = ScheduleId(uuid7(), clinic.location_id)
    for unknown in (str(nobody), "x" * 43, "no", "§"):
        assert fhir.get(f"/fhir/R4/Schedule/{unknown}").status_code == 404


def test_slots_are_found_by_type_schedule_place_and_time(clinic: Clinic, fhir: FlaskClient) -> None:
    """Free slots are those of the search, narrowed by practitioner, location, schedule and start; a busy slot is never listed."""
    clinic.practitioner("Larsen", hours=(9, 10))
    day = clinic.day(1)
    clinic.book(at(day, 9))
    own, other = clinic.practitioner_ids
    query = {"service-type": f"{TYPE}|visit", "start": f"ge{iso(at(day, 9))}", "_count": "500"}
    bundle = get(fhir, "Slot", **query | {"practitioner": f"Practitioner/{own}", "start": day.isoformat()})
    starts = [one["start"] for one in resources(bundle)]
    assert starts == [iso(start) for start in clinic.starts(day, practitioner_ids=[str(own)])]
    schedule = ScheduleId(other, clinic.location_id)
    of_other = resources(get(fhir, "Slot", **query | {"schedule": f"Schedule/{schedule}", "_count": "3"}))
    assert [one["start"] for one in of_other] == [iso(at(day, 9, minute)) for minute in (0, 15, 30)]
    assert {one["schedule"]["reference"] for one in of_other} == {f"Schedule/{schedule}"}
    by_actor = get(fhir, "Slot", **query | {"_count": "3"}, schedule__actor=f"Practitioner/{other}")
    assert resources(by_actor) == of_other
    assert resources(get(fhir, "Slot", **query, status="busy")) == []
    form = fhir.post("/fhir/R4/Slot/_search", data=query | {"location": str(clinic.location_id)})
    assert len(resources(form.json)) > 3


def test_a_search_that_cannot_be_read_says_all_that_is_wrong(fhir: FlaskClient) -> None:
    """Unknown parameters, wrong systems, references, dates and counts are told at once."""
    answer = fhir.get(
        "/fhir/R4/Slot?service-type=http://x|visit&start=yesterday&practitioner=Patient/1&_count=0&shoe=42"
    )
    assert answer.status_code == 400
    OperationOutcome.model_validate(answer.json)
    wrong = {one["expression"][0] for one in answer.json["issue"]}
    assert wrong == {"service-type", "start", "practitioner", "_count", "shoe"}
    missing = fhir.get("/fhir/R4/Slot?service-type=other")
    assert (missing.status_code, missing.json["issue"][0]["expression"]) == (400, ["service-type"])


def test_a_page_is_given_to_whom_wants_more_than_a_page(clinic: Clinic, fhir: FlaskClient) -> None:
    """A count beyond the largest page is that page; unknown parameters are left out for whom prefers so, and it is said."""
    assert resources(get(fhir, "Slot", _count="000100000", start=str(clinic.day(1))))
    answer = fhir.get("/fhir/R4/Schedule?shoe=42&_count=1", headers={"Prefer": "handling=lenient"}).json
    assert answer["link"] == [{"relation": "self", "url": "http://localhost/fhir/R4/Schedule?_count=1"}]
    assert answer["entry"][-1]["resource"]["issue"][0]["expression"] == ["shoe"]
    assert fhir.post("/fhir/R4/Slot/_search", data={"_count": "000001" + "9" * 5000}).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"name": "visit-type", "valueCodeableConcept": {"coding": {"code": "visit"}}},
        {"name": "visit-type", "valueCodeableConcept": {"coding": 5}},
        {"name": "visit-type", "valueCodeableConcept": {"coding": []}},
        {"name": "\ud800", "resource": {}},
        {"name": "start", "valueDateTime": None},
        {"name": "start", "part": []},
    ],
)
def test_parameters_of_other_shapes_are_refused(fhir: FlaskClient, given: dict[str, Any]) -> None:
    """What is no FHIR in a Parameters resource is a violation with its place."""
    answer = fhir.post("/fhir/R4/Appointment/$find", json=parameters() | {"parameter": [given]}, content_type=FHIR)
    assert answer.status_code == 400
    assert answer.json["issue"][0]["expression"][0].startswith("Parameters.parameter[0]")


@pytest.mark.parametrize("raw", [b"{", b'{"resourceType": "Parameters", "x": NaN}', b"\xff", b'{"a": 1, "a": 2}'])
def test_parameters_that_are_no_json_are_told_where(fhir: FlaskClient, raw: bytes) -> None:
    """The body is read as strictly as everywhere."""
    answer = fhir.post("/fhir/R4/Appointment/$hold", data=raw, content_type=FHIR)
    assert (answer.status_code, "MALFORMED_JSON" in answer.json["issue"][0]["details"]["text"]) == (400, True)


def test_slot_ids_say_what_they_mean(clinic: Clinic) -> None:
    """A slot's id fits FHIR's 64 characters and carries schedule, type and start."""
    found = SlotId.of(
        clinic.type_ids["visit"], str(clinic.practitioner_ids[0]), str(clinic.location_id), at(clinic.day(1), 9)
    )
    assert len(str(found)) <= 64
    assert SlotId.read(str(found)) == found


# ---- IHE Scheduling ------------------------------------------------------------------------------------------------------


def test_find_hold_and_book(clinic: Clinic, fhir: FlaskClient) -> None:
    """ITI-115, 116 and 117 one after the other: proposed, pending, booked; the appointment keeps the hold's id."""
    day, patient = clinic.day(1), clinic.patient()
    query = {"start": iso(at(day, 10)), "end": iso(at(day, 11)), "visit-type": f"{TYPE}|visit"}
    found = resources(get(fhir, "Appointment/$find", **query))
    assert [(one["status"], one["start"]) for one in found] == [
        ("proposed", iso(at(day, 10, minute))) for minute in (0, 15, 30, 45)
    ]
    (held,) = resources(operation(fhir, "hold", appointment_reference=f"Appointment/{found[1]['id']}"))
    assert (held["status"], held["start"]) == ("pending", iso(at(day, 10, 15)))
    assert iso(at(day, 10)) not in {one["start"] for one in resources(get(fhir, "Appointment/$find", **query))}
    (booked,) = resources(
        operation(
            fhir,
            "book",
            appointment_reference=f"https://elsewhere/fhir/Appointment/{held['id']}",
            patient_reference=f"Patient/{patient}",
            comment="follow-up",
        )
    )
    assert (booked["id"], booked["status"], booked["reasonCode"][0]["text"]) == (held["id"], "booked", "follow-up")
    assert get(fhir, "Appointment", patient=str(patient))["entry"][0]["resource"] == booked


def test_find_is_asked_by_parameters_and_says_what_it_did_not_look_at(clinic: Clinic, fhir: FlaskClient) -> None:
    """A Parameters resource asks the same; what narrows nothing here is named in the answer."""
    day, patient = clinic.day(1), clinic.patient()
    clinic.book(at(day, 10), patient_id=patient)
    asked = {"start": iso(at(day, 10)), "end": iso(at(day, 11)), "visit_type": f"{TYPE}|visit"}
    bundle = operation(fhir, "find", **asked, patient_reference=f"Patient/{patient}", reason="http://snomed.info/sct|1")
    assert [one["start"] for one in resources(bundle)] == [iso(at(day, 10, 30)), iso(at(day, 10, 45))]
    (outcome,) = [entry["resource"] for entry in bundle["entry"] if entry["search"]["mode"] == "outcome"]
    assert [one["expression"] for one in outcome["issue"]] == [["reason"]]
    assert fhir.get("/fhir/R4/Appointment/$find?visit-type=visit").status_code == 400


def test_what_cannot_be_had_is_cancelled_and_why(clinic: Clinic, fhir: FlaskClient) -> None:
    """A proposed time that somebody else took is answered as IHE says: the appointment cancelled, with an OperationOutcome."""
    day = clinic.day(1)
    query = {"start": iso(at(day, 10)), "end": iso(at(day, 10, 15)), "visit-type": "visit"}
    (slot,) = resources(get(fhir, "Appointment/$find", **query))
    clinic.book(at(day, 10))
    for name, more in (("hold", {}), ("book", {"patient_reference": f"Patient/{clinic.patient()}"})):
        bundle = operation(fhir, name, appointment_reference=f"Appointment/{slot['id']}", **more)
        assert [one["status"] for one in resources(bundle)] == ["cancelled"]
        outcome = bundle["entry"][1]["resource"]
        assert outcome["issue"][0]["details"]["text"].startswith("SLOT_TAKEN")


def test_a_booked_time_is_changed_by_book(clinic: Clinic, fhir: FlaskClient) -> None:
    """ITI-117 with the whole resource of a booked appointment moves it."""
    day, patient = clinic.day(1), clinic.patient()
    row = clinic.book(at(day, 10), patient_id=patient)
    resource = wanted(clinic, at(day, 14), patient, id=row.appointment_id)
    (moved,) = resources(operation(fhir, "book", appointment_resource=resource))
    assert (moved["id"], moved["start"]) == (row.appointment_id, iso(at(day, 14)))


def test_a_patient_books_for_themselves(
    clinic: Clinic, in_front_of: Callable[..., FlaskClient], fhir: FlaskClient
) -> None:
    """A patient's own token finds, holds and books what is offered online, for themselves and nobody else."""
    clinic.type("online", 30, online_bookable=True)
    patient, other, day = clinic.patient(), clinic.patient(), clinic.day(1)
    own = client_of(in_front_of, clinic, patient_ids=frozenset({patient}))
    query = {"start": iso(at(day, 10)), "end": iso(at(day, 11)), "visit-type": "online"}
    found = resources(get(own, "Appointment/$find", **query | {"patient-reference": f"Patient/{patient}"}))
    reference = f"Appointment/{found[0]['id']}"
    (held,) = resources(operation(own, "hold", appointment_reference=reference, patient_reference=f"Patient/{patient}"))
    stranger = parameters(appointment_reference=f"Appointment/{held['id']}", patient_reference=f"Patient/{other}")
    assert own.post("/fhir/R4/Appointment/$book", json=stranger, content_type=FHIR).status_code == 404
    (booked,) = resources(
        operation(
            own, "book", appointment_reference=f"Appointment/{held['id']}", patient_reference=f"Patient/{patient}"
        )
    )
    assert booked["status"] == "booked"
    clinic.book(at(day, 14), patient_id=other)
    assert [one["id"] for one in resources(get(own, "Appointment"))] == [booked["id"]]


# ---- Appointment -----------------------------------------------------------------------------------------------------------


def test_an_appointment_is_created_read_and_found(clinic: Clinic, fhir: FlaskClient) -> None:
    """A create books and says where the resource is; it is read with its version and found by who, where and when."""
    day, patient = clinic.day(1), clinic.patient()
    made = create(fhir, wanted(clinic, at(day, 10), patient, reasonCode=[{"text": "knee"}]))
    assert made.status_code == 201, made.json
    Appointment.model_validate(made.json)
    assert made.headers["Location"].endswith(f"/fhir/R4/Appointment/{made.json['id']}/_history/1")
    read = fhir.get(f"/fhir/R4/Appointment/{made.json['id']}")
    assert (read.json, read.headers["ETag"]) == (made.json, 'W/"1"')
    for query in (
        {"patient": str(patient)},
        {"practitioner": f"Practitioner/{clinic.practitioner_ids[0]}", "date": day.isoformat()},
        {"actor": f"Location/{clinic.location_id}", "date": [f"ge{day}", f"lt{clinic.day(2)}"], "status": "booked"},
        {"_id": made.json["id"]},
    ):
        assert [one["id"] for one in resources(get(fhir, "Appointment", **query))] == [made.json["id"]]
    assert resources(get(fhir, "Appointment", patient=str(patient), status="cancelled")) == []
    assert fhir.get("/fhir/R4/Appointment?patient=x&status=lost").status_code == 400
    assert fhir.get(f"/fhir/R4/Appointment/{uuid7()}").status_code == 404


def test_a_create_is_made_once(clinic: Clinic, fhir: FlaskClient) -> None:
    """The same resource with the same If-None-Exist is the same appointment; without, the second is refused: the time is taken."""
    resource = wanted(clinic, at(clinic.day(1), 10), clinic.patient())
    condition = {"If-None-Exist": "identifier=urn:x|1"}
    first, second = (create(fhir, resource, **condition) for _ in range(2))
    assert (first.status_code, second.status_code, first.json) == (201, 201, second.json)
    refused = create(fhir, resource)
    assert (refused.status_code, refused.json["resourceType"]) == (409, "OperationOutcome")


def test_a_create_names_all_that_is_missing(clinic: Clinic, fhir: FlaskClient) -> None:
    """Without participants, type and start nothing is booked, and each is named; wrong forms are refused as well."""
    empty = create(fhir, {"resourceType": "Appointment", "status": "booked"})
    assert {one["expression"][0] for one in empty.json["issue"]} == {
        "Appointment.participant",
        "Appointment.serviceType",
        "Appointment.start",
    }
    for wrong in (
        {"resourceType": "Patient"},
        {"resourceType": "Appointment", "start": "tomorrow"},
        {"resourceType": "Appointment", "participant": {}},
        {"resourceType": "Appointment", "slot": [{"reference": "Location/1"}]},
        {"resourceType": "Appointment", "status": ["booked"]},
    ):
        assert create(fhir, wrong).status_code == 400
    unknown = wanted(clinic, at(clinic.day(1), 10), clinic.patient())
    unknown["slot"] = [{"reference": "Slot/none"}]
    assert create(fhir, unknown).status_code == 404
    assert fhir.post("/fhir/R4/Appointment", data="{}", content_type="text/plain").status_code == 415


def test_an_update_moves_confirms_steps_and_cancels(clinic: Clinic, fhir: FlaskClient) -> None:
    """What the resource says is what is done: another start, the patient's yes, arrival, cancellation with its reason."""
    day, patient = clinic.day(1), clinic.patient()
    resource = create(fhir, wanted(clinic, at(day, 10), patient)).json
    assert resource["participant"][0]["status"] == "needs-action"
    moved = put(fhir, resource | {"start": iso(at(day, 11)), "end": iso(at(day, 11, 30))}, 'W/"1"')
    assert (moved.status_code, moved.json["start"]) == (200, iso(at(day, 11)))
    stale = put(fhir, resource | {"start": iso(at(day, 12))}, 'W/"1"')
    assert (stale.status_code, stale.json["resourceType"]) == (412, "OperationOutcome")
    yes = moved.json
    yes["participant"][0]["status"] = "accepted"
    confirmed = put(fhir, yes)
    assert confirmed.json["participant"][0]["status"] == "accepted"
    assert put(fhir, confirmed.json).json == confirmed.json, "saying it again changes nothing"
    for change in ({"participant": [{"actor": {"reference": f"Patient/{clinic.patient()}"}, "status": "accepted"}]},):
        assert put(fhir, confirmed.json | change).status_code == 400
    code = {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason", "code": "pat"}]
    }
    cancelled = put(fhir, confirmed.json | {"status": "cancelled", "cancelationReason": code})
    assert (cancelled.json["status"], cancelled.json["cancelationReason"]["coding"][0]["code"]) == ("cancelled", "pat")
    Appointment.model_validate(cancelled.json)
    clinic.template(clinic.practitioner_ids[0], (0, 24))
    now = clinic.now.replace(minute=clinic.now.minute // 5 * 5, second=0, microsecond=0)
    here = create(fhir, wanted(clinic, now, clinic.patient())).json
    for status in ("arrived", "checked-in"):
        here = put(fhir, here | {"status": status}).json
        assert here["status"] == status
    assert put(fhir, here | {"status": "proposed", "id": str(uuid7())}).status_code in (400, 404)


def test_pages_are_linked(clinic: Clinic, fhir: FlaskClient) -> None:
    """A page names the next one, until all have been read once."""
    ids = {clinic.book(at(clinic.day(1), hour)).appointment_id for hour in range(9, 14)}
    url, seen = f"/fhir/R4/Appointment?location={clinic.location_id}&_count=2", []
    while url:
        answer = fhir.get(url)
        seen += [one["id"] for one in resources(answer.json)]
        following = [link["url"] for link in answer.json["link"] if link["relation"] == "next"]
        url = following[0].removeprefix("http://localhost") if following else ""
    assert (len(seen), set(seen)) == (5, ids)


def test_rights_and_tenants_hold_behind_fhir(
    clinic: Clinic, in_front_of: Callable[..., FlaskClient], service_harness: Callable[..., Any]
) -> None:
    """Without the permission nothing is told; another tenant's visit is not there."""
    row = clinic.book(at(clinic.day(1), 10))
    nobody = client_of(in_front_of, clinic, permissions=frozenset({"nothing.at_all"}))
    assert nobody.get(f"/fhir/R4/Appointment/{row.appointment_id}").status_code == 403
    stranger = client_of(in_front_of, open_clinic(clinic.harness), permissions=frozenset({"*"}))
    assert stranger.get(f"/fhir/R4/Appointment/{row.appointment_id}").status_code == 404


def test_the_capability_statement_says_so(fhir: FlaskClient) -> None:
    """Schedule, Slot and Appointment with their interactions and IHE's operations are stated, validly."""
    statement = fhir.get("/fhir/R4/metadata").json
    CapabilityStatement.model_validate(statement)
    stated = {one["type"]: one for one in statement["rest"][0]["resource"]}
    assert {"Schedule", "Slot", "Appointment"} <= set(stated)
    assert {one["name"] for one in stated["Appointment"]["operation"]} == {"find", "hold", "book"}
    assert pb.DESCRIPTOR.services_by_name["Scheduling"].methods_by_name["SearchSlots"] is not None


def test_only_json_is_spoken(fhir: FlaskClient) -> None:
    """A client that wants XML is told so, on the new paths as on the old."""
    assert fhir.get("/fhir/R4/Slot", headers={"Accept": "application/fhir+xml"}).status_code == 406
