"""Who sees whose data: a walk over every GET route of the OpenAPI document with the ids of others."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from infra.day.client import Api, Json
from infra.day.context import Person
from infra.day.world import day_message

from tests.depth import deep
from tests.journeys.house import House, zone_of

# Path variables that are called differently where the id is shown.
ALSO_CALLED = {"code": ("payer_code", "code"), "template_id": ("template_id",)}
# What a route needs besides its path.
ALSO_ASKED = {
    "/api/v1/practitioners/{practitioner_id}:checkLicence": {"state": "MA", "on_date": "2026-03-10"},
    "/api/v1/locations/{location_id}/day": {"date": "2026-03-10"},
}
# Routes about what only exists after the journey of the money; every other one must really have been read by its owner.
NEEDS_A_PAID_CLAIM = {
    "/api/v1/claims/{claim_id}",
    "/api/v1/claims/{claim_id}/x12",
    "/api/v1/claims/{claim_id}/follow-up",
    "/api/v1/claims/{claim_id}/form",
    "/api/v1/claims/{claim_id}/notes",
    "/api/v1/denials/{denial_id}",
    "/api/v1/appeals/{appeal_id}/letter",
    "/api/v1/day-closes/{day_close_id}/deposit-slip",
    "/api/v1/encounters/{encounter_id}/coverage-move",
    "/api/v1/encounters/{encounter_id}/discount",
    "/api/v1/payment-plans/{payment_plan_id}",
    "/api/v1/claim-batches/{claim_batch_id}/file",
    "/api/v1/inbound-files/{inbound_file_id}/content",
    "/api/v1/remittances/{remittance_id}",
    "/api/v1/statements/{statement_id}",
    "/api/v1/statements/{statement_id}/pdf",
    "/api/v1/payments/{payment_id}",
    "/api/v1/payments/{payment_id}/receipt",
    "/api/v1/drawers/{drawer_id}",
    "/api/v1/work-items/{work_item_id}",
    # Booked at night, the confirmation waits for the morning.
    "/api/v1/messages/{message_id}",
}
# Routes about what this journey does not make: tests/contracts proves each of them by an example of its own.
NOT_MADE_HERE = {
    "/api/v1/appointment-series/{series_id}",
    "/api/v1/group-visits/{group_visit_id}",
    "/api/v1/rebookings/{rebooking_id}",
    "/api/v1/resource-rules/{resource_id}",
    "/api/v1/authorisations/{authorisation_id}",
    "/api/v1/charge-reviews/{charge_review_id}",
    "/api/v1/collection-cases/{collection_case_id}",
    "/api/v1/collection-files/{collection_file_id}/content",
    "/api/v1/invoices/{invoice_id}",
    "/api/v1/invoices/{invoice_id}/pdf",
    "/api/v1/statement-mailings/{statement_mailing_id}/file",
    "/api/v1/visit-fees/{visit_fee_id}",
    "/api/v1/enrolments/{enrolment_id}",
    "/api/v1/estimates/{estimate_id}",
    "/api/v1/estimates/{estimate_id}/pdf",
    "/api/v1/claim-rule-sets/{claim_rule_set_id}",
    "/api/v1/claim-rule-sets/{claim_rule_set_id}/check",
    "/api/v1/claim-rule-sets/{claim_rule_set_id}/replay",
    "/api/v1/consent-texts/{code}",
    "/api/v1/intake-forms/{code}",
    "/api/v1/documents/{document_id}/content",
    "/api/v1/form-responses/{response_id}",
    "/api/v1/signed-consents/{consent_id}/pdf",
    "/api/v1/threads/{thread_id}",
    # Published to everybody.
    "/api/v1/clinics/{slug}",
    # Read by whoever holds the secret in the path, of any tenant or none.
    "/api/v1/calendars/{token}/calendar.ics",
    "/api/v1/walk-in-tickets/{code}",
}
MOST_IDS = 3
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Inventory:
    """What one account can see: the answers of all list routes, and the ids in them by name, those about the patient once more."""

    patient: Person
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    near: set[str] = field(default_factory=set)
    answers: dict[str, Json] = field(default_factory=dict)

    def add(self, path: str, answer: Json) -> None:
        self.answers[path] = answer
        for name, value in named_values(answer):
            if name.endswith("_id") or name == "code":
                self.ids[name].add(value)
        for part in parts_about(answer, self.patient.patient_id):
            self.near.update(value for _, value in named_values(part))


@pytest.fixture(scope="module")
def patient(house: House) -> Person:
    """Somebody with a coverage, visits, a message and a place on the waitlist."""
    return make_patient(house, "Walker", "+16175550511")


def make_patient(house: House, family: str, phone: str) -> Person:
    """A person who appears in every service."""
    person = house.register(family, phone=phone, state="AZ")  # where the video visit's clinician is licensed
    house.insure(person, "COMM2")
    visit = house.book(person, "begay", kind="video-follow-up", days=4)
    house.book(person, "fuentes", days=5)
    day = visit.start.astimezone(zone_of(visit.place)).date()
    house.owner.post(
        "/api/v1/waitlist-entries",
        {
            "patient_id": person.patient_id,
            "appointment_type_id": house.day.cast.appointment_types["sick"],
            "dates": {"start": day_message(day), "end": day_message(day)},
        },
    )
    house.settle()
    return person


def test_another_tenant_finds_nothing_by_any_id(house: House, patient: Person) -> None:
    """For every GET route and every kind of id: who owns it reads it, the owner of another tenant gets 404."""
    friend = house.register("Walkers", "Friend")
    mine = inventory(house, house.owner, patient)
    read: set[str] = set()
    leaks: list[str] = []
    for template in routes(house, with_variables=True):
        for path in filled(template, mine):
            query = ALSO_ASKED.get(template, {})
            if template.endswith(":compare"):
                query = {"other_patient_id": friend.patient_id}
            own = house.ask(house.owner, "GET", path, params=query)
            if own.status != 200:
                continue
            read.add(template)
            foreign = house.ask(house.other, "GET", path, params=query)
            if foreign.status != 404:
                leaks.append(f"{foreign.status} {path}")
    assert leaks == []
    assert sorted(set(routes(house, with_variables=True)) - read - NEEDS_A_PAID_CLAIM - NOT_MADE_HERE) == []


@deep
def test_no_list_of_another_tenant_names_anything_of_ours(house: House, patient: Person) -> None:
    """What the lists of another tenant answer shares no id with what ours answer."""
    mine, theirs = inventory(house, house.owner, patient), inventory(house, house.other, patient)
    ours = {value for values in mine.ids.values() for value in values if UUID.fullmatch(value)}
    foreign = {value for values in theirs.ids.values() for value in values if UUID.fullmatch(value)}
    assert len(ours) > 50
    assert ours & foreign == set()


def test_a_patient_reaches_only_themselves(house: House, patient: Person) -> None:
    """A patient's token reads its own records, and gets 403 or 404 for every id of another patient; lists name nobody else."""
    other = make_patient(house, "Stranger", "+16175550512")
    portal = house.portal(patient)
    assert portal.get(f"/api/v1/patients/{patient.patient_id}")["name"]["family"] == "Walker"
    strangers = Inventory(other)
    for path in ("appointments", "encounters", "telehealth/sessions", "payments", "statements", "eligibility-checks"):
        strangers.add(path, house.owner.get(f"/api/v1/{path}", patient_id=other.patient_id))
    strangers.add("coverages", house.owner.get(f"/api/v1/patients/{other.patient_id}/coverages"))
    strangers.add("waitlist", house.owner.get("/api/v1/waitlist-entries", patient_id=other.patient_id))
    wanted = ("appointment_id", "encounter_id", "session_id", "coverage_id", "waitlist_entry_id")
    assert all(strangers.ids[name] for name in wanted)
    reached: list[str] = []
    for template in routes(house, with_variables=True):
        if set(variables(template)) & {"code", "location_id", "practitioner_id", "appointment_type_id"}:
            continue
        for path in filled(template, strangers):
            answer = house.ask(portal, "GET", path)
            if answer.status not in {400, 403, 404}:
                reached.append(f"{answer.status} {path}")
    assert reached == []
    own = set()
    for path in routes(house, with_variables=False):
        answer = house.ask(portal, "GET", path)
        own |= {value for name, value in named_values(answer.body) if name == "patient_id" and value}
        asked = house.ask(portal, "GET", path, params={"patient_id": other.patient_id})
        own |= {value for name, value in named_values(asked.body) if name == "patient_id" and value}
    assert own == {patient.patient_id}


def routes(house: House, *, with_variables: bool) -> list[str]:
    """The paths of all documented GET operations that are RPCs."""
    document = house.ask(None, "GET", "/api/openapi.json").body
    return [
        path
        for path, verbs in document["paths"].items()
        if "x-rpc" in verbs.get("get", {}) and bool(variables(path)) is with_variables
    ]


def variables(path: str) -> list[str]:
    """The names of a path's variables."""
    return re.findall(r"{(\w+)}", path)


def filled(template: str, inventory: Inventory) -> Iterator[str]:
    """A route with ids put in for its variables, a few for each: the patient's own first, other journeys have left theirs."""
    names = variables(template)
    choices = [
        sorted(filter(None, values_of(name, inventory)), key=lambda value: (value not in inventory.near, value))[
            :MOST_IDS
        ]
        for name in names
    ]
    for values in itertools.product(*choices):
        yield template.format(**dict(zip(names, values, strict=True)))


def values_of(name: str, inventory: Inventory) -> set[str]:
    """What stands for a path's variable: the patient, or ids of that name that were listed."""
    if name == "patient_id":
        return {inventory.patient.patient_id}
    return set().union(*[inventory.ids[known] for known in ALSO_CALLED.get(name, (name,))])


def inventory(house: House, api: Api, patient: Person) -> Inventory:
    """Everything the list routes answer to an account, as far as they need no filter but a patient."""
    found = Inventory(patient)
    for path in routes(house, with_variables=False):
        for query in ({}, {"patient_id": patient.patient_id}):
            answer = house.ask(api, "GET", path, params=query)
            if answer.status == 200:
                found.add(path, answer.body)
    if api is house.owner:
        for path in (f"patients/{patient.patient_id}/coverages", f"patients/{patient.patient_id}/relations"):
            found.add(path, api.get(f"/api/v1/{path}"))
    return found


def named_values(value: Any) -> Iterator[tuple[str, str]]:
    """Every (field name, text) anywhere in an answer; lists of ids count under their name in the singular."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                yield name, inner
            elif isinstance(inner, list) and inner and isinstance(inner[0], str):
                yield from ((name.removesuffix("s"), each) for each in inner)
            else:
                yield from named_values(inner)
    elif isinstance(value, list):
        for each in value:
            yield from named_values(each)


def parts_about(value: Any, patient_id: str) -> Iterator[Json]:
    """The messages anywhere in an answer that name a patient."""
    if isinstance(value, dict) and value.get("patient_id") == patient_id:
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from parts_about(inner, patient_id)
