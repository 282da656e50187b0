"""What the running system tells about itself: who called whom, what was counted; and about its patients, nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
import yaml
from infra.day.client import Api
from infra.day.context import Person, Visit
from infra.day.steps.coding import encounter_of
from infra.day.world import dollars
from infra.local.plan import operators_environment
from infra.observability import search
from infra.observability.__main__ import HERE
from infra.observability.boards import BOARDS
from infra.observability.names import base_name, instruments
from infra.observability.receiver import Receiver, Span
from infra.observability.search import Needle

from tests.journeys.house import HALF_DAY, House
from tests.journeys.test_messages import texts_to
from tests.journeys.test_money import claim_texts, inbound_texts
from tests.observability import promql

# Names, numbers and codes that nothing else in the house has.
FAMILY, GIVEN = "Quillonbrae", "Zephyrine"
PHONE, EMAIL = "+16175550197", "zq.canary@mail.example"
DIAGNOSES = ("S83.511A", "H61.23")
# What only happens when something goes wrong, or in another journey.
RARE = {
    "polyclinic.dead_letters",
    "polyclinic.due.failed",
    "polyclinic.gateway.streams",
    "polyclinic.video.sessions",
    "polyclinic.video.together",
}


@dataclass(frozen=True)
class Lived:
    """A visit of the canary from its booking to the payer's money, and the two traces its requests were sent under."""

    person: Person
    visit: Visit
    member_id: str
    booking: str
    claiming: str


@contextmanager
def under_trace(*callers: Api) -> Iterator[str]:
    """Sends these callers' requests under one new trace id, as a client that traces does."""
    trace_id = uuid4().hex
    for caller in callers:
        caller.headers["traceparent"] = f"00-{trace_id}-{uuid4().hex[:16]}-01"
    yield trace_id
    for caller in callers:
        del caller.headers["traceparent"]


@pytest.fixture(scope="module")
def lived(house: House) -> Lived:
    """The canary is registered, insured, booked, reminded, seen, coded, claimed and paid for."""
    person = house.register(FAMILY, GIVEN, phone=PHONE, email=EMAIL)
    member_id = house.insure(person, "COMM1")
    with under_trace(house.owner) as booking:
        visit = house.book(person, "lindqvist", days=4)
    desk = house.day.accounts.front_desks[visit.place.key]
    clinician = house.day.accounts.clinicians["lindqvist"]
    house.live_to(visit.start - timedelta(minutes=10), grid=timedelta(minutes=30))
    with under_trace(desk, clinician, house.biller, house.owner) as claiming:
        for verb in ("arrive", "checkIn"):
            house.step(visit, verb)
        house.step(visit, "room", body={"room_id": house.day.cast.rooms[visit.place.key][0]})
        house.live_to(visit.start)
        house.step(visit, "seen", clinician)
        house.live_to(visit.end)
        encounter = encounter_of(house.day, visit)
        path = f"/api/v1/encounters/{encounter['encounter_id']}"
        line = {"procedure": "99213", "units": 1, "diagnosis_pointers": [1, 2]}
        coded = {"version": encounter["version"], "diagnoses": list(DIAGNOSES), "lines": [line]}
        saved = clinician.post(f"{path}:saveCodes", coded)
        clinician.post(f"{path}:sign", {"version": saved["version"]})
        house.step(visit, "checkOut")
        house.biller.post("/api/v1/claim-batches", {})
        house.settle()
    house.live_to(visit.start + timedelta(days=17), grid=HALF_DAY)
    house.biller.post("/api/v1/statements:issue", {"patient_ids": [person.patient_id]})
    portal = house.portal(person)
    portal.get(f"/api/v1/accounts/{person.patient_id}")
    desk.post(
        "/api/v1/payments",
        {
            "patient_id": person.patient_id,
            "location_id": house.day.cast.locations[visit.place.key],
            "method": "PAYMENT_METHOD_CARD",
            "amount": dollars(500),
            "card_token": house.day.outside.card_token("4242424242424242"),
        },
    )
    house.settle()
    # A name in the wrong place: what is refused must not be told either.
    house.ask(house.owner, "GET", f"/api/v1/patients/{FAMILY}")
    house.ask(house.owner, "POST", "/api/v1/patients:search", json={"family": GIVEN * 80, "phone": [PHONE]})
    house.ask(house.owner, "POST", "/api/v1/appointments", json={"patient_id": FAMILY, "start_time": EMAIL})
    house.ask(None, "GET", f"/nowhere/{FAMILY}?phone={PHONE}")
    return Lived(person, visit, member_id, booking, claiming)


@pytest.fixture(scope="module")
def spans(lived: Lived, telemetry: Receiver) -> list[Span]:
    """Everything that was told by the time the visit's traces were complete: each process tells in its own time.

    What is missing when the time for that is over, the tests say.
    """

    def complete(receiver: Receiver) -> bool:
        found = list(receiver.spans())
        sent = any(span.trace_id == lived.claiming and span.name == "clearinghouse PUT outbound" for span in found)
        paid = any(span.name == "cards POST payment_intents" for span in found)
        whole = edges(found, lived.booking) >= BOOKING and edges(found, lived.claiming) >= CLAIMING
        return sent and paid and whole and routes_of(found, lived.visit.appointment_id) >= STEPS

    telemetry.wait_for(complete)
    return list(telemetry.spans())


# Who makes whom work when a visit is booked …
BOOKING = {
    ("gateway", "scheduling"),
    ("scheduling", "notifications"),
    ("scheduling", "billing"),
    ("notifications", "patient_registry"),
    ("notifications", "sms"),
}
# … and when it is claimed.
CLAIMING = {
    ("gateway", "scheduling"),
    ("gateway", "billing"),
    ("scheduling", "billing"),
    ("billing", "patient_registry"),
    ("billing", "clearinghouse"),
}
STEPS = {f"/api/v1/appointments/{{appointment_id}}:{verb}" for verb in ("checkIn", "room", "checkOut")}


def routes_of(spans: Iterable[Span], appointment_id: str) -> set[str]:
    """The routes of requests that carry the appointment's id."""
    mine = (span for span in spans if span.attributes.get("polyclinic.appointment_id") == appointment_id)
    return {span.attributes["http.route"] for span in mine}


def edges(spans: Iterable[Span], trace_id: str) -> set[tuple[str, str]]:
    """Which service made which one work within a trace: by a call, by an event, or an outside party by a client span."""
    mine = {span.span_id: span for span in spans if span.trace_id == trace_id}
    found = set()
    for span in mine.values():
        caller = mine.get(span.parent_id)
        if caller is not None and caller.service != span.service:
            found.add((caller.service, span.service))
        if span.kind == "client" and span.attributes.get("peer.service") in {"clearinghouse", "cards", "sms", "mail"}:
            found.add((span.service, span.attributes["peer.service"]))
    return found


def test_a_booking_is_one_trace_through_all_whom_it_concerns(lived: Lived, spans: list[Span]) -> None:
    """Gateway → scheduling, whose event makes notifications, billing and telehealth work; the reminder asks for the address."""
    found = edges(spans, lived.booking)
    assert found >= BOOKING
    # And nobody else does: the registry hears of visits too; everybody may ask identity for keys and its own token; and others
    # call whom the architecture lets them call.
    allowed = {
        "gateway": {"scheduling"},
        "scheduling": {"notifications", "billing", "telehealth", "patient_registry"},
        "notifications": {"patient_registry", "scheduling", "sms", "mail"},
        "billing": {"patient_registry", "clearinghouse"},
    }
    assert {(by, to) for by, to in found if to not in allowed.get(by, set()) | {"identity"}} == set()


def test_a_claim_is_one_trace_from_the_desk_to_the_clearinghouse(lived: Lived, spans: list[Span]) -> None:
    """Check-in at scheduling, codes and signature at billing, which asks the registry who the patient is and sends the file."""
    assert edges(spans, lived.claiming) >= CLAIMING


def test_a_reminder_that_leaves_days_later_belongs_to_its_booking(lived: Lived, spans: list[Span]) -> None:
    """Due work goes on with the trace of what planned it."""
    mine = [span for span in spans if span.trace_id == lived.booking]
    assert any(span.service == "notifications" and span.name.startswith("due ") for span in mine)


def test_a_visits_requests_find_each_other(lived: Lived, spans: list[Span]) -> None:
    """Every request that names the appointment in its path carries its id; the patient's id is nowhere."""
    assert routes_of(spans, lived.visit.appointment_id) >= STEPS
    assert not any(lived.person.patient_id in span.attributes.values() for span in spans)


def test_work_that_repeats_itself_begins_a_new_trace(spans: list[Span]) -> None:
    """The daily batch of claims does not hang on yesterday's."""
    daily = [span for span in spans if span.name == "due claims.daily_batches"]
    assert len(daily) > 3
    assert len({span.trace_id for span in daily}) >= len(daily) - 1


def test_spans_carry_what_the_collector_lets_through(spans: list[Span]) -> None:
    """Attributes are those on its list, so that nothing we look for is dropped."""
    collector = yaml.safe_load((HERE / "collector.yaml").read_text())
    allowed = set(collector["processors"]["redaction"]["allowed_keys"])
    assert {name for span in spans for name in span.attributes} <= allowed


def test_everything_that_is_declared_is_counted(lived: Lived, spans: list[Span], telemetry: Receiver) -> None:
    """After a visit's life each instrument has a value, but for what only happens when something goes wrong."""
    wanted = set(instruments()) - RARE
    assert telemetry.wait_for(lambda receiver: wanted <= {point.name for point in receiver.points().values()}), (
        wanted - {point.name for point in telemetry.points().values()}
    )
    counted = {
        (point.name, point.attributes.get("kind") or point.attributes.get("channel") or point.attributes.get("step"))
        for point in telemetry.points().values()
        if point.value > 0
    }
    assert {("polyclinic.reminders.sent", "sms"), ("polyclinic.visit.steps", "check_out")} <= counted


def test_labels_that_boards_and_rules_ask_for_are_really_there(spans: list[Span], telemetry: Receiver) -> None:
    """A query by a label that no series has would always be empty."""
    has: dict[str, set[str]] = {}
    for point in telemetry.points().values():
        has.setdefault(point.name, {"service_name", "service_instance_id", "le"}).update(
            name.replace(".", "_") for name in point.attributes
        )
    by_series = {base_name(one): has[name] for name, one in instruments().items() if name in has}
    rules = [
        rule
        for path in (HERE / "alerts").glob("*.yaml")
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]
    for expression in [query for board in BOARDS for query in board.queries()] + [rule["expr"] for rule in rules]:
        for selector in promql.selectors(expression):
            base = next((name for name in by_series if selector.name.startswith(name)), None)
            if base is not None:
                assert {label for label, _, _ in selector.matchers} <= by_series[base], expression


def test_labels_are_few(spans: list[Span], telemetry: Receiver) -> None:
    """No series carries an id, and none has more than a few hundred sets of labels in one service."""
    series: dict[tuple[str, str], int] = {}
    for point in telemetry.points().values():
        series[point.service, point.name] = series.get((point.service, point.name), 0) + 1
        assert not any(len(value) == 36 and value.count("-") == 4 for value in point.attributes.values()), point
    assert max(series.values()) < 400, max(series, key=lambda key: series[key])


def canary(lived: Lived) -> list[Needle]:
    """Everything that says who the canary is."""
    return [
        *search.needles("name", [FAMILY, GIVEN]),
        *search.needles("phone", search.forms_of_phone(PHONE)),
        *search.needles("e-mail", [EMAIL, EMAIL.partition("@")[0]]),
        *search.needles("member id", [lived.member_id]),
        *search.needles("diagnosis", [form for code in DIAGNOSES for form in (code, code.replace(".", ""))]),
        *search.needles("birthday", search.forms_of_day(lived.person.birth_date)),
    ]


def test_the_canary_is_nowhere_in_what_the_house_tells_about_itself(
    house: House, lived: Lived, spans: list[Span], telemetry: Receiver
) -> None:
    """Not in a span, a metric, a log record or line, a subject or the request log; though all of it went through."""
    filed = "".join(claim_texts(house))
    assert all(part in filed for part in (FAMILY.upper(), lived.member_id, "S83511A"))
    assert any(lived.member_id in text for text in inbound_texts(house))
    assert texts_to(house, PHONE)
    told = search.places(house.day.stack, telemetry, search.subjects(house.day.stack))
    assert {
        "OTLP traces",
        "OTLP metrics",
        "OTLP logs",
        "NATS subjects",
        "log requests.jsonl",
        "log gateway.log",
    } <= set(told)
    # The search finds what is there: the tenant's id is in all of these.
    tenant = house.day.cast.tenant_id
    for place in ("OTLP traces", "NATS subjects", "log requests.jsonl"):
        assert search.search([Needle("tenant", tenant)], {place: told[place]}, most=1), place
    assert [str(hit) for hit in search.search(canary(lived), told)] == []


def test_every_line_is_one_event(house: House, lived: Lived) -> None:
    """Services' logs are JSON, an object a line, with time, level, service and event."""
    assert search.malformed_lines(house.day.stack) == []


def test_the_screen_of_health_shows_everybody(house: House, lived: Lived) -> None:
    """`polyclinic status` on the running system: all services answer, and nobody's name is on it."""
    shell = operators_environment(house.day.stack.data, house.day.stack.plan.ports)
    command = [sys.executable, "-m", "chassis.cli", "status"]
    screen = subprocess.run(command, env=shell, capture_output=True, text=True, timeout=60, check=False).stdout
    for service in house.day.stack.services:
        assert any(line.startswith(service) and "1 of 1 ready" in line for line in screen.splitlines()), screen
    assert "appointment.booked" in screen
    assert "claims.daily_batches" in screen
    assert "ready" in next(line for line in screen.splitlines() if line.startswith("gateway at "))
    assert search.search(canary(lived), {"screen": screen.splitlines()}) == []
    programs = subprocess.run([*command, "--json"], env=shell, capture_output=True, text=True, timeout=60, check=False)
    assert {report["service"] for report in json.loads(programs.stdout)} == set(house.day.stack.services)
