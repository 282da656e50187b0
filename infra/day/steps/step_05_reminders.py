"""Reminders go out as business time nears the visits; some patients answer, and each answer has its effect."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

from infra.day.client import ApiError, Json
from infra.day.context import Day, Visit
from infra.day.steps.step_04_booking import TAKEN, Tally, Wish, search, visit_of
from infra.day.world import PLACES

# What people do with a text message, in per cent, each at least once; the rest does not answer.
ANSWERS = {"R": 4, "X": 4, "STOP": 3, "who is this?": 2, "C": 55}


def run(day: Day) -> None:
    """Live on to the evening before the visits, answer the texts, see to what the answers ask for."""
    day.reach("reminders going out")
    day.time.to(day.local(PLACES[0], 12, days=-1), grid=timedelta(minutes=30))
    sent = list(day.outside.sms.messages())
    day.reach("reminders being answered")
    answers = answer_texts(day, sent)
    day.time.settle(trail=False)
    day.time.to(day.local(PLACES[0], 13, days=-1), grid=timedelta(minutes=30))
    see_to_requests(day)
    follow_appointments(day)
    day.time.to(day.local(PLACES[0], 21, days=-1), grid=timedelta(minutes=30))
    mails = list(day.outside.mail.messages())
    texts = list(day.outside.sms.messages())
    standing = [visit for visit in day.visits if visit.fate == "booked"]
    day.figures["messages"] = {
        "texts": len(texts),
        "mails": len(mails),
        "answers": dict(answers),
        "confirmed": sum(visit.confirmed for visit in standing),
        "cancelled_by_answer": sum(visit.fate == "cancelled_by_answer" for visit in day.visits),
    }
    day.progress.say(
        f"{len(texts)} texts and {len(mails)} mails sent; {sum(answers.values())} answers: "
        + ", ".join(f"{count} {word}" for word, count in answers.most_common())
    )


def answer_texts(day: Day, sent: list[Json]) -> Counter[str]:
    """Each phone answers its last reminder at most once, as its owner would."""
    chance = day.chance("answers")
    last_by_phone: dict[str, Json] = {}
    for message in sent:
        if re.search(r"\bC\b", message["body"]):
            last_by_phone[message["to"]] = message
    phones = sorted(last_by_phone)
    chance.shuffle(phones)
    counted: Counter[str] = Counter()
    for word, share in ANSWERS.items():
        for _ in range(max(1, len(last_by_phone) * share // 100)):
            if not phones:
                return counted
            phone = phones.pop()
            day.outside.sms.post("/_sim/reply", {"from": phone, "to": last_by_phone[phone]["from"], "body": word})
            counted[word] += 1
    return counted


def see_to_requests(day: Day) -> None:
    """The front desk calls back those who answered R: another time of the day, or a cancellation when there is none."""
    requests = list(day.accounts.owner.pages("/api/v1/reschedule-requests", "requests"))
    by_appointment = {visit.appointment_id: visit for visit in day.visits}
    tally = Tally()

    def call_back(request: Json) -> None:
        visit = by_appointment.get(request["appointment"]["appointment_id"])
        if visit is None:
            return
        _move_or_cancel(day, visit, tally)

    day.parallel(call_back, requests, "calling back")
    day.time.settle(trail=False)
    day.figures["reschedule_requests"] = {"asked": len(requests), **tally.counts}


def follow_appointments(day: Day) -> None:
    """Read every visit back: what the patients' answers have made of it is what the day goes on with."""
    by_appointment = {visit.appointment_id: visit for visit in day.visits}
    for place in PLACES:
        listed = day.accounts.front_desks[place.key].pages(
            "/api/v1/appointments",
            "appointments",
            location_id=day.cast.locations[place.key],
            start_from=day.local(place, 0).isoformat(),
            start_to=day.local(place, 23, 55).isoformat(),
        )
        for appointment in listed:
            visit = by_appointment.get(appointment["appointment_id"])
            if visit is None:
                continue
            status = appointment["status"].removeprefix("APPOINTMENT_STATUS_")
            visit.confirmed = status == "CONFIRMED"
            if status == "CANCELLED" and visit.fate == "booked":
                visit.fate = "cancelled_by_answer"


def _move_or_cancel(day: Day, visit: Visit, tally: Tally) -> None:
    api = day.accounts.front_desks[visit.place.key]
    wish = Wish((visit.person,), visit.kind, f"call-back/{visit.appointment_id}")
    for slot in search(day, api, wish)[:5]:
        try:
            moved = api.post(
                f"/api/v1/appointments/{visit.appointment_id}:move",
                {
                    "start_time": slot["start_time"],
                    "practitioner_id": slot["practitioner_id"],
                    "location_id": slot["location_id"],
                },
            )
        except ApiError as error:
            if error.reason in TAKEN or error.reason == "WRONG_STATUS":
                continue
            raise
        after = visit_of(day, moved, visit.person)
        visit.start, visit.end, visit.clinician, visit.place = after.start, after.end, after.clinician, after.place
        tally.add("moved")
        return
    api.post(
        f"/api/v1/appointments/{visit.appointment_id}:cancel",
        {"reason": "CANCELLATION_REASON_PATIENT", "note": "no other time"},
    )
    visit.fate = "cancelled"
    tally.add("cancelled")
