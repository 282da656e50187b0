"""What people are told and what they answer: waitlist, reminders, replies by text, a phone that a family shares."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from infra.day.client import ApiError, Json
from infra.day.context import Person, Visit
from infra.day.world import day_message

from tests.depth import deep
from tests.journeys.house import House, booking, zone_of

HOUR = timedelta(hours=1)


@deep
def test_a_freed_slot_goes_to_the_waitlist(house: House) -> None:
    """A cancelled visit's time is offered to who waits for it, who takes it; nobody else can book it meanwhile."""
    booked, waiting, passer_by = house.register("Leaver"), house.register("Waiter"), house.register("Passerby")
    visit = house.book(booked, "moreau", days=6)
    desk = house.day.accounts.front_desks[visit.place.key]
    day = visit.start.astimezone(zone_of(visit.place)).date()
    entry = desk.post(
        "/api/v1/waitlist-entries",
        {
            "patient_id": waiting.patient_id,
            "appointment_type_id": house.day.cast.appointment_types["follow-up"],
            "practitioner_ids": [house.day.cast.practitioners["moreau"]],
            "dates": {"start": day_message(day), "end": day_message(day)},
        },
    )
    desk.post(f"/api/v1/appointments/{visit.appointment_id}:cancel", {"reason": "CANCELLATION_REASON_PATIENT"})
    house.settle()
    (offer,) = desk.get("/api/v1/waitlist-offers", patient_id=waiting.patient_id)["offers"]
    assert offer["waitlist_entry_id"] == entry["waitlist_entry_id"]
    assert offer["slot"]["start_time"] == f"{visit.start:%Y-%m-%dT%H:%M:%SZ}"
    with pytest.raises(ApiError) as taken:
        desk.post("/api/v1/appointments", booking(passer_by, offer["slot"]))
    assert taken.value.reason == "SLOT_TAKEN"
    made = desk.post(f"/api/v1/waitlist-offers/{offer['waitlist_offer_id']}:accept")
    assert (made["patient_id"], made["start_time"]) == (waiting.patient_id, offer["slot"]["start_time"])
    house.settle()
    assert desk.get("/api/v1/waitlist-offers", patient_id=waiting.patient_id)["offers"] == []


def test_reminders_go_out_once_and_are_what_the_rules_ask_for(house: House) -> None:
    """Up to the visit each rule's reminder goes out once, by the right channel, without a word about the visit's reason."""
    patient = house.register("Remembers", phone="+16175550411", email="remembers@mail.example")
    visit = house.book(patient, "castillo", days=9, hour=14)
    house.live_to(visit.start - HOUR, grid=timedelta(minutes=30))
    answer = house.owner.get(f"/api/v1/appointments/{visit.appointment_id}/expected-reminders")
    assert answer["complete"] is True
    assert answer["unexpected"] == []
    texts, mails = texts_to(house, "+16175550411"), mails_to(house, "remembers@mail.example")
    references = [text["client_reference"] for text in texts] + [mail["message_id"] for mail in mails]
    assert max(Counter(references).values()) == 1
    sent = {rule["rule_name"] for rule in answer["expected"] if rule["satisfied"]}
    assert {
        "Booking confirmation",
        "Seven days before, by e-mail",
        "Two days before, by e-mail",
        "One day before, by text",
        "Two hours before, by text",
    } <= sent
    # The confirmation goes by e-mail; then two mails and two texts remind. A word about a late doctor may come as well.
    reminders = {reminder["reference"] for rule in answer["expected"] for reminder in rule["reminders"]}
    texts = [text for text in texts if text["client_reference"] in reminders]
    mails = [mail for mail in mails if mail["message_id"] in reminders]
    assert (len(mails), len(texts)) == (3, 2)
    local = visit.start.astimezone(zone_of(visit.place))
    assert all(f"{local:%-I:%M}" in text["body"] for text in texts)
    # Quiet hours: nobody is woken.
    told = house.owner.pages("/api/v1/messages", "messages", patient_id=patient.patient_id)
    sent_at = [datetime.fromisoformat(message["sent_at"]) for message in told if message["channel"] == "CHANNEL_SMS"]
    assert len(sent_at) >= len(texts)
    assert all(8 <= instant.astimezone(zone_of(visit.place)).hour < 21 for instant in sent_at)
    written = house.day.outside.mail.download(f"/_sim/messages/{mails[-1]['cursor']}").decode()
    assert patient.family not in mails[-1]["subject"]
    assert visit.kind.name not in written


def test_answers_by_text_have_their_effects(house: House) -> None:
    """C confirms, R asks the desk for another time, X cancels and frees the time, STOP ends the texts and nothing else."""
    phones = {word: f"+1617555042{number}" for number, word in enumerate(("C", "R", "X", "STOP"))}
    people = {word: house.register("Answers", word.title(), phone=phone) for word, phone in phones.items()}
    visits = {word: house.book(person, "hartmann", days=7, hour=13) for word, person in people.items()}
    first = min(visit.start for visit in visits.values())
    house.live_to(first - timedelta(hours=22), grid=timedelta(minutes=30))
    for word, phone in phones.items():
        reply(house, phone, word)
    house.settle()
    assert house.appointment(visits["C"])["status"] == "APPOINTMENT_STATUS_CONFIRMED"
    asked = list(house.owner.pages("/api/v1/reschedule-requests", "requests"))
    assert visits["R"].appointment_id in {each["appointment"]["appointment_id"] for each in asked}
    assert house.appointment(visits["R"])["status"] == "APPOINTMENT_STATUS_BOOKED"
    assert house.appointment(visits["X"])["status"] == "APPOINTMENT_STATUS_CANCELLED"
    day = visits["X"].start.astimezone(zone_of(visits["X"].place)).date()
    freed = {slot["start_time"] for slot in house.slots("hartmann", "follow-up", day)}
    assert f"{visits['X'].start:%Y-%m-%dT%H:%M:%SZ}" in freed
    assert house.appointment(visits["STOP"])["status"] == "APPOINTMENT_STATUS_BOOKED"
    suppressed = list(house.owner.pages("/api/v1/suppressions", "suppressions"))
    assert phones["STOP"] in {each["address"] for each in suppressed}
    # The reminder two hours before reaches those who still come and still want texts.
    before = {word: len(reminders_to(house, phone)) for word, phone in phones.items()}
    house.live_to(max(visit.start for visit in visits.values()) - HOUR, grid=timedelta(minutes=10))
    after = {word: len(reminders_to(house, phone)) for word, phone in phones.items()}
    assert {word: after[word] - before[word] for word in phones} == {"C": 1, "R": 1, "X": 0, "STOP": 0}


def test_one_answer_of_a_family_counts_for_all_its_visits(house: House) -> None:
    """A number shared by a mother and a child with visits on one day at one place confirms both with one C."""
    mother, child, visits = family(house, "+16175550431", ("adeyemi", "novak"))
    reply(house, mother.phone, "C")
    house.settle()
    assert {house.appointment(visit)["status"] for visit in visits} == {"APPOINTMENT_STATUS_CONFIRMED"}
    said, *_ = replies_from(house, mother.phone)
    assert set(said["patient_ids"]) == {mother.patient_id, child.patient_id}


@deep
def test_a_family_is_asked_which_visit_it_means(house: House) -> None:
    """When the visits of a shared number are at different places X cancels nothing until the number of one is answered."""
    mother, _, visits = family(house, "+16175550432", ("adeyemi", "sorensen"))
    reply(house, mother.phone, "X")
    house.settle()
    said, *_ = replies_from(house, mother.phone)
    assert said["asked_which"] is True
    assert {house.appointment(visit)["status"] for visit in visits} == {"APPOINTMENT_STATUS_BOOKED"}
    first, second = sorted(visits, key=lambda visit: visit.start)
    question = texts_to(house, mother.phone)[-1]["body"]
    for visit in (first, second):
        assert f"{visit.start.astimezone(zone_of(visit.place)):%-I:%M}" in question
    reply(house, mother.phone, "2")
    house.settle()
    assert house.appointment(first)["status"] == "APPOINTMENT_STATUS_BOOKED"
    assert house.appointment(second)["status"] == "APPOINTMENT_STATUS_CANCELLED"


def test_a_webhook_that_is_not_signed_by_the_provider_is_refused(house: House) -> None:
    """A text that claims to come from the provider but is not signed by it changes nothing."""
    patient = house.register("Forged", phone="+16175550441")
    visit = house.book(patient, "adeyemi", days=8)
    form = {"MessageSid": "SM1", "From": patient.phone, "To": "+16175550199", "Body": "X"}
    path = f"/webhooks/sms/{house.day.cast.tenant_id}"
    for headers in ({}, {"X-Twilio-Signature": "AAAA"}):
        answer = house.ask(None, "POST", path, data=form, headers=headers)
        assert (answer.status, answer.kind) == (401, "application/problem+json")
    house.settle()
    assert house.appointment(visit)["status"] == "APPOINTMENT_STATUS_BOOKED"


def family(house: House, phone: str, clinicians: tuple[str, str]) -> tuple[Person, Person, list[Visit]]:
    """A mother and a child with one phone, each with a visit on the same day, both reminded of it by text."""
    mother = house.register("Shared", "Mia", phone=phone)
    child = house.register("Shared", "Kim", phone=phone, born=2016)
    visits = [house.book(person, who, days=7) for person, who in zip((mother, child), clinicians, strict=True)]
    house.live_to(min(visit.start for visit in visits) - timedelta(hours=20), grid=timedelta(minutes=30))
    return mother, child, visits


def replies_from(house: House, phone: str) -> list[Json]:
    """What the system has on record of a number's answers, the newest first."""
    return [each for each in house.owner.pages("/api/v1/message-replies", "replies") if each["sender"] == phone]


def texts_to(house: House, phone: str) -> list[Json]:
    """The texts the provider was given for a phone, in order."""
    return [message for message in house.day.outside.sms.messages() if message["to"] == phone]


def reminders_to(house: House, phone: str) -> list[Json]:
    """Of those the ones that remind of a visit."""
    return [text for text in texts_to(house, phone) if "you have a visit" in text["body"]]


def mails_to(house: House, email: str) -> list[Json]:
    """The mails the mail server got for an address, in order."""
    return [message for message in house.day.outside.mail.messages() if email in str(message["to"])]


def reply(house: House, phone: str, word: str) -> None:
    """The owner of a phone answers the last text it got; the provider calls our signed webhook."""
    last = texts_to(house, phone)[-1]
    house.day.outside.sms.post("/_sim/reply", {"from": phone, "to": last["from"], "body": word})
