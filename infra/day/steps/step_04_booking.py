"""Booking: sixteen clients at once search, hold and book over thirty days, many of them after the same times.

Each client behaves like a busy desk: it takes the first offered time, and when somebody else was faster it searches
again. Siblings are booked together; some visits move, some are cancelled, and what is freed is offered to the
waitlist.
"""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from infra.day.client import Api, ApiError, Json
from infra.day.context import Day, Person, Visit
from infra.day.world import CLINICIANS, DAYS_BEFORE, PLACES, VISIT_KINDS, VisitKind, day_message

# On so many days before the visit day bookings come in; the last one leaves time for reminders.
WAVES = tuple(range(DAYS_BEFORE, 3, -2))
# How often a client searches again after somebody else was faster.
ATTEMPTS = 12
# Answers that mean "look for another time", not "something is broken".
TAKEN = frozenset({"SLOT_TAKEN", "PATIENT_BUSY", "HOLD_EXPIRED"})
CHILDRENS_SPECIALTIES = ("pediatrics", "family")
ADULTS_SPECIALTIES = ("family", "internal")
# What somebody takes when the day has no room for more.
SHORT_VISIT = "follow-up"
MOVED_SHARE = 0.08
CANCELLED_SHARE = 0.06
WAITLIST_ENTRIES = 8


@dataclass(frozen=True)
class Wish:
    """What somebody calls for: these people (siblings come together), this kind of visit."""

    people: tuple[Person, ...]
    kind: VisitKind
    seed: str


class Tally:
    """Counts what happened in the race, from all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts: dict[str, int] = defaultdict(int)

    def add(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1


def run(day: Day) -> None:
    """Book the day's visits; fills ``day.visits``."""
    wishes = make_wishes(day)
    tally = Tally()
    waves = [wishes[number :: len(WAVES)] for number in range(len(WAVES))]
    for days_before, wave in zip(WAVES, waves, strict=True):
        day.time.to(day.local(PLACES[0], 10, days=-days_before), grid=timedelta(hours=1))
        day.reach(f"booking, {days_before} days before")
        booked = day.parallel(lambda wish: book(day, wish, tally), wave, f"booking, {days_before} days before")
        day.visits.extend(visit for visits in booked for visit in visits)
        day.time.settle(trail=False)
    join_waitlist(day)
    day.reach("booking, moves")
    move_some(day, tally)
    cancel_some(day, tally)
    accept_offers(day, tally)
    live = [visit for visit in day.visits if visit.fate == "booked"]
    day.figures["booking"] = {
        "visits_booked": len(day.visits),
        "visits_standing": len(live),
        "video": sum(visit.video for visit in live),
        "lost_races": tally.counts["taken"],
        "booked_together": tally.counts["together"],
        "moved": tally.counts["moved"],
        "cancelled": tally.counts["cancelled"],
        "waitlist_offers_accepted": tally.counts["offer_accepted"],
        "not_booked": tally.counts["full"],
    }
    day.progress.say(
        f"{len(live)} visits stand, {tally.counts['taken']} races lost and tried again, "
        f"{tally.counts['moved']} moved, {tally.counts['cancelled']} cancelled, "
        f"{tally.counts['offer_accepted']} waitlist offers accepted"
    )


def make_wishes(day: Day) -> list[Wish]:
    """Who wants what, by the day's seed: everybody once, people again when there are fewer of them than visits."""
    chance = day.chance("wishes")
    people = sorted(day.people, key=lambda person: person.patient_id)
    chance.shuffle(people)
    wishes: list[Wish] = []
    asked = 0
    siblings = _siblings(people, day.visit_day)
    together: set[str] = set()
    for children in siblings[:8]:
        wishes.append(Wish(tuple(children[:2]), _kind("follow-up"), f"wish/{len(wishes)}"))
        together.update(child.patient_id for child in children[:2])
        asked += 2
    queue = [person for person in people if person.patient_id not in together]
    # What is cancelled later has to be booked on top.
    target = round(day.options.visits * (1 + CANCELLED_SHARE)) + 2
    while asked < target:
        person = queue[(asked + len(together)) % len(queue)] if queue else people[asked % len(people)]
        wishes.append(Wish((person,), _choose_kind(chance, person, day.visit_day), f"wish/{len(wishes)}"))
        asked += 1
    return wishes


def book(day: Day, wish: Wish, tally: Tally) -> list[Visit]:
    """One caller at one desk: search, hold, book; search again when somebody was faster. Empty when the day is full."""
    chance = day.chance(wish.seed)
    api = chance.choice(day.accounts.booking)
    for _attempt in range(ATTEMPTS):
        slots = find(day, api, wish)
        if not slots:
            break
        try:
            if len(wish.people) > 1:
                made = _book_together(api, wish, slots)
                if not made:
                    tally.add("taken")
                    continue
                tally.add("together")
            else:
                made = [_book_one(api, wish.people[0], chance.choice(slots[:3]))]
        except ApiError as error:
            if error.reason in TAKEN:
                tally.add("taken")
                continue
            raise
        return [visit_of(day, appointment, person) for appointment, person in zip(made, wish.people, strict=True)]
    tally.add("full")
    return []


def find(day: Day, api: Api, wish: Wish) -> list[Json]:
    """Free times enough for a wish: at the own place, or else anywhere, or else a short visit; empty when there are none."""
    short = replace(wish, kind=_kind(SHORT_VISIT))
    for asked, anywhere in ((wish, False), (wish, True), (short, True)):
        slots = search(day, api, asked, anywhere=anywhere)
        if len(slots) >= len(wish.people):
            return slots
    return []


def search(day: Day, api: Api, wish: Wish, *, anywhere: bool = False) -> list[Json]:
    """The first free times for a wish on the visit day, at the person's own place or at any."""
    body: Json = {
        "appointment_type_ids": [day.cast.appointment_types[wish.kind.code]],
        "practitioner_ids": _suitable(day, wish.people[0], wish.kind, anywhere=anywhere),
        "dates": {"start": day_message(day.visit_day), "end": day_message(day.visit_day)},
        "patient_id": wish.people[0].patient_id,
        "limit": 40,
    }
    slots: list[Json] = api.post("/api/v1/slots:search", body)["slots"]
    return slots


def visit_of(day: Day, appointment: Json, person: Person) -> Visit:
    """The day's own note of an appointment that the API has answered."""
    by_practitioner = {identity: key for key, identity in day.cast.practitioners.items()}
    by_location = {identity: key for key, identity in day.cast.locations.items()}
    clinician_key = by_practitioner[appointment["practitioner_id"]]
    place_key = by_location[appointment["location_id"]]
    return Visit(
        appointment_id=appointment["appointment_id"],
        person=person,
        clinician=next(found for found in CLINICIANS if found.key == clinician_key),
        place=next(found for found in PLACES if found.key == place_key),
        kind=_kind(appointment["appointment_type_code"]),
        start=datetime.fromisoformat(appointment["start_time"]),
        end=datetime.fromisoformat(appointment["end_time"]),
    )


def move_some(day: Day, tally: Tally) -> None:
    """Some call again and want another time; their first one becomes free."""
    chance = day.chance("moves")
    chosen = chance.sample(day.visits, round(len(day.visits) * MOVED_SHARE))

    def move(visit: Visit) -> None:
        wish = Wish((visit.person,), visit.kind, f"move/{visit.appointment_id}")
        api = day.accounts.front_desks[visit.place.key]
        for slot in search(day, api, wish)[-3:]:
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
                if error.reason in TAKEN:
                    tally.add("taken")
                    continue
                raise
            after = visit_of(day, moved, visit.person)
            visit.start, visit.end, visit.clinician, visit.place = after.start, after.end, after.clinician, after.place
            tally.add("moved")
            return

    day.parallel(move, chosen, "moving visits")
    day.time.settle(trail=False)


def join_waitlist(day: Day) -> None:
    """Some who found no time, or want an earlier one, go on the waitlist for the visit day."""
    chance = day.chance("waitlist")
    busy = {visit.person.patient_id for visit in day.visits}
    waiting = [person for person in day.people if person.patient_id not in busy] or day.people
    chosen = chance.sample(waiting, min(WAITLIST_ENTRIES, len(waiting)))

    def join(person: Person) -> None:
        place = next(place for place in PLACES if place.key == person.place)
        day.accounts.front_desks[place.key].post(
            "/api/v1/waitlist-entries",
            {
                "patient_id": person.patient_id,
                "appointment_type_id": day.cast.appointment_types["follow-up"],
                "practitioner_ids": _suitable(day, person, _kind("follow-up"), anywhere=False),
                "dates": {"start": day_message(day.visit_day), "end": day_message(day.visit_day)},
            },
        )

    day.parallel(join, chosen, "joining the waitlist")


def cancel_some(day: Day, tally: Tally) -> None:
    """Some cancel; follow-ups first, because their time suits the waitlist."""
    chance = day.chance("cancellations")
    standing = [visit for visit in day.visits if visit.fate == "booked"]
    standing.sort(key=lambda visit: (visit.kind.code != "follow-up", chance.random()))
    chosen = standing[: round(len(standing) * CANCELLED_SHARE)]

    def cancel(visit: Visit) -> None:
        day.accounts.front_desks[visit.place.key].post(
            f"/api/v1/appointments/{visit.appointment_id}:cancel",
            {"reason": "CANCELLATION_REASON_PATIENT", "note": "called to cancel"},
        )
        visit.fate = "cancelled"
        tally.add("cancelled")

    day.parallel(cancel, chosen, "cancelling visits")
    day.time.settle(trail=False)


def accept_offers(day: Day, tally: Tally) -> None:
    """Those on the waitlist who were offered a freed time take it; the first to answer has it."""
    known = {person.patient_id: person for person in day.people}
    offers = [offer for offer in day.accounts.owner.pages("/api/v1/waitlist-offers", "offers") if not _settled(offer)]
    day.figures["waitlist"] = {"offers_open": len(offers)}

    def accept(offer: Json) -> Visit | None:
        person = known[offer["patient_id"]]
        try:
            made = day.accounts.front_desks[person.place].post(
                f"/api/v1/waitlist-offers/{offer['waitlist_offer_id']}:accept"
            )
        except ApiError as error:
            if error.reason in {"OFFER_CLOSED", "PATIENT_BUSY"}:
                tally.add("offer_lost")
                return None
            raise
        tally.add("offer_accepted")
        return visit_of(day, made, person)

    day.visits.extend(visit for visit in day.parallel(accept, offers, "accepting offers") if visit is not None)
    day.time.settle(trail=False)


def _settled(offer: Json) -> bool:
    return str(offer.get("outcome", "")) not in {"", "WAITLIST_OFFER_OUTCOME_UNSPECIFIED"}


def _book_one(api: Api, person: Person, slot: Json) -> Json:
    held = api.post(
        "/api/v1/holds",
        {
            "appointment_type_id": slot["appointment_type_id"],
            "practitioner_id": slot["practitioner_id"],
            "location_id": slot["location_id"],
            "start_time": slot["start_time"],
            "patient_id": person.patient_id,
        },
    )
    return api.post("/api/v1/appointments", {"patient_id": person.patient_id, "hold_id": held["hold_id"]})


def _book_together(api: Api, wish: Wish, slots: list[Json]) -> list[Json]:
    """Siblings one after the other with the same clinician, in one commit; empty when one of the times is gone."""
    first, second = next(((one, two) for one in slots for two in slots if _follows(one, two)), (slots[0], slots[-1]))
    bookings = [
        {
            "patient_id": person.patient_id,
            "appointment_type_id": slot["appointment_type_id"],
            "practitioner_id": slot["practitioner_id"],
            "location_id": slot["location_id"],
            "start_time": slot["start_time"],
        }
        for person, slot in zip(wish.people, (first, second), strict=True)
    ]
    made: list[Json] = api.post("/api/v1/appointments:batchBook", {"bookings": bookings})["appointments"]
    return made


def _follows(one: Json, two: Json) -> bool:
    gap = datetime.fromisoformat(two["start_time"]) - datetime.fromisoformat(one["end_time"])
    return bool(one["practitioner_id"] == two["practitioner_id"] and timedelta(0) <= gap <= timedelta(minutes=20))


def _siblings(people: list[Person], on: date) -> list[list[Person]]:
    families: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        if person.age_on(on) < 18 and person.guarantor_id and person.guarantor_id != person.patient_id:
            families[person.guarantor_id].append(person)
    return [children for children in families.values() if len(children) > 1]


def _suitable(day: Day, person: Person, kind: VisitKind, *, anywhere: bool) -> list[str]:
    treating = CHILDRENS_SPECIALTIES if person.age_on(day.visit_day) < 18 else ADULTS_SPECIALTIES
    return [
        day.cast.practitioners[clinician.key]
        for clinician in CLINICIANS
        if (anywhere or clinician.place == person.place)
        and clinician.specialty in kind.specialties
        and clinician.specialty in treating
    ]


def _choose_kind(chance: random.Random, person: Person, on: date) -> VisitKind:
    child = person.age_on(on) < 18
    fitting = [kind for kind in VISIT_KINDS if not child or "pediatrics" in kind.specialties]
    return chance.choices(fitting, [kind.share for kind in fitting])[0]


def _kind(code: str) -> VisitKind:
    return next(kind for kind in VISIT_KINDS if kind.code == code)
