"""Many clients at once, and the same request twice."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import requests
from infra.day.client import Json

from tests.journeys.house import Answer, House, booking, place_of, token_of

CLIENTS = 64


def test_sixty_four_clients_want_one_slot(house: House) -> None:
    """Of 64 clients that book one free time at the same moment exactly one gets it; all others are told it is taken."""
    people = [house.register("Racer", f"Nr{number:02d}") for number in range(4)]
    day = house.workday(place_of("lindqvist"), days=9)
    slot, *others = house.slots("lindqvist", "follow-up", day)
    # The practitioner is the only thing they fight for: each client books a patient of four, in person.
    start = threading.Barrier(CLIENTS)
    tokens = [token_of(api) for api in house.day.accounts.booking]

    def race(number: int) -> Answer:
        with requests.Session() as session:
            session.trust_env = False
            session.headers["Authorization"] = f"Bearer {tokens[number % len(tokens)]}"
            session.headers["Idempotency-Key"] = str(uuid.uuid4())
            start.wait(30)
            url = f"{house.url}/api/v1/appointments"
            answer = session.post(url, json=booking(people[number % 4], slot), timeout=60)
            return Answer(answer.status_code, answer.headers["Content-Type"], answer.headers, answer.json())

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(race, range(CLIENTS)))
    winners = [answer for answer in answers if answer.status == 200]
    losers = [answer for answer in answers if answer.status != 200]
    assert len(winners) == 1
    assert {(answer.status, answer.reason) for answer in losers} <= {(409, "SLOT_TAKEN"), (409, "PATIENT_BUSY")}
    assert {answer.kind for answer in losers} == {"application/problem+json"}
    house.settle()
    # What the losers see next leaves that time out and offers the others.
    free = house.slots("lindqvist", "follow-up", day)
    assert slot["start_time"] not in {each["start_time"] for each in free}
    assert {each["start_time"] for each in free} <= {each["start_time"] for each in others}
    assert free


def test_a_retry_with_the_same_key_gets_the_same_answer(house: House) -> None:
    """Sent five times at once with one key a booking happens once and all five hear of it; another body is refused."""
    person = house.register("Twice")
    slot, later, *_ = house.slots("lindqvist", "follow-up", house.workday(place_of("lindqvist"), days=11))
    key = {"Idempotency-Key": str(uuid.uuid4())}
    with ThreadPoolExecutor(5) as pool:
        answers = list(
            pool.map(
                lambda _: house.ask(
                    house.owner, "POST", "/api/v1/appointments", json=booking(person, slot), headers=key
                ),
                range(5),
            )
        )
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["appointment_id"] for answer in answers}) == 1
    again = house.ask(house.owner, "POST", "/api/v1/appointments", json=booking(person, slot), headers=key)
    assert again.body == answers[0].body
    other = house.ask(house.owner, "POST", "/api/v1/appointments", json=booking(person, later), headers=key)
    assert other.status == 409
    house.settle()
    listed = house.owner.get("/api/v1/appointments", patient_id=person.patient_id)["appointments"]
    assert len(listed) == 1


def test_siblings_are_booked_together_or_not_at_all(house: House) -> None:
    """A batch in which one time is taken books nobody and says which one and why."""
    brother, sister = house.register("Both", "Ben"), house.register("Both", "Bea")
    first, second, third, *_ = apart(
        house.slots("lindqvist", "follow-up", house.workday(place_of("lindqvist"), days=12))
    )
    taken = house.owner.post("/api/v1/appointments", booking(house.register("Earlier"), second))
    wish = {"bookings": [booking(brother, first), booking(sister, second)]}
    refused = house.owner.post("/api/v1/appointments:batchBook", wish)
    assert refused["appointments"] == []
    assert [(each["booking_index"], each["reason"]) for each in refused["conflicts"]] == [(1, "CONFLICT_REASON_TAKEN")]
    wish = {"bookings": [booking(brother, first), booking(sister, third)]}
    made = house.owner.post("/api/v1/appointments:batchBook", wish)
    assert [each["start_time"] for each in made["appointments"]] == [first["start_time"], third["start_time"]]
    assert taken["appointment_id"] not in {each["appointment_id"] for each in made["appointments"]}


def apart(slots: list[Json]) -> list[Json]:
    """Of free times those that do not overlap one another."""
    chosen: list[Json] = []
    for slot in slots:
        if not chosen or slot["start_time"] >= chosen[-1]["end_time"]:
            chosen.append(slot)
    return chosen
