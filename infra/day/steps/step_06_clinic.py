"""The day itself, minute by minute: people arrive (some late, some never), pay, are roomed, seen, coded and checked
out.

An agenda holds what happens when. From one minute to the next people go on while events still travel, as they do in a
clinic; every five minutes the whole system comes to rest, and whoever wants to see what an outside party or another
service has made of something looks then. Who waits for whom follows from the clinicians' and the rooms' real availability, so delays add
up as they do in life.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from infra.day.client import Api, Json
from infra.day.context import CLIENTS, Day, Visit
from infra.day.steps.coding import code_and_sign
from infra.day.steps.video import VideoVisit
from infra.day.world import CLINICIANS, PLACES, Place, dollars

NO_SHOW_SHARE = 0.07
LEFT_SHARE = 0.01
LATE_SHARE = 0.15
SIGNS_LATE_SHARE = 0.15
FLOAT_CENTS = 10_000
# The drawer of one desk is counted short by this much, as it happens.
SHORT_CENTS = 500
TENDERS = {"CASH": 35, "CHECK": 15, "CARD": 50}
GOOD_CARD = "4242424242424242"
DECLINED_CARD = "4000000000000002"
MINUTE = timedelta(minutes=1)
# The longest that minutes only tick by. No visit is shorter: what its end needs has arrived since its beginning.
REST_EVERY = 5 * MINUTE


@dataclass(frozen=True)
class Entry:
    """One thing to do; ``at_rest``: at the first rest from its minute on, when all that was done before has had its effects
    everywhere."""

    action: Callable[[], None]
    at_rest: bool


class Agenda:
    """What is to be done when: entries by business minute, in the order they were put in; safe to fill from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heap: list[tuple[datetime, int, Entry]] = []
        self._order = itertools.count()

    def at(self, instant: datetime, action: Callable[[], None], *, at_rest: bool = False) -> None:
        """Do ``action`` at the full minute of ``instant``."""
        minute = instant.replace(second=0, microsecond=0)
        with self._lock:
            heapq.heappush(self._heap, (minute, next(self._order), Entry(action, at_rest)))

    def next_minute(self) -> datetime | None:
        """The earliest minute in which there is something to do; None when nothing is left."""
        with self._lock:
            return self._heap[0][0] if self._heap else None

    def take(self, minute: datetime) -> list[Entry]:
        """All that is to be done by ``minute``; it is on the agenda no longer."""
        entries = []
        with self._lock:
            while self._heap and self._heap[0][0] <= minute:
                entries.append(heapq.heappop(self._heap)[2])
        return entries

    def wait_for_rest(self, entries: Iterable[Entry], rest: datetime) -> None:
        """Put entries that need a rest to the minute of the next one."""
        for entry in entries:
            self.at(rest, entry.action, at_rest=True)


@dataclass
class Floor:
    """Who is free now: each clinician's queue and each place's rooms. Touched only between minutes, by one thread."""

    free_rooms: dict[str, deque[str]] = field(default_factory=dict)
    waiting_for_room: dict[str, deque[Visit]] = field(default_factory=dict)
    waiting_for_clinician: dict[str, deque[Visit]] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    room_of: dict[str, str] = field(default_factory=dict)


@dataclass
class ClinicDay:
    """The agenda, the floor and what is counted on the way."""

    day: Day
    agenda: Agenda = field(default_factory=Agenda)
    floor: Floor = field(default_factory=Floor)
    # What the minute's actions want done afterwards, one by one: the floor has only one hand.
    afterwards: deque[Callable[[], None]] = field(default_factory=deque)
    counts: dict[str, int] = field(default_factory=dict)
    drawers: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Live through the day."""
        day = self.day
        standing = [visit for visit in day.visits if visit.fate == "booked"]
        decide_fates(day, standing)
        for place in PLACES:
            self.floor.free_rooms[place.key] = deque(day.cast.rooms[place.key])
            self.floor.waiting_for_room[place.key] = deque()
            self.agenda.at(day.local(place, 7, 45), lambda place=place: self.open_drawer(place))  # type: ignore[misc]
            self.agenda.at(day.local(place, 18, 30), lambda place=place: self.close_drawer(place), at_rest=True)  # type: ignore[misc]
        # A minute later billing makes the day's first claim files.
        self.agenda.at(day.local(PLACES[0], 19, 59), lambda: day.reach("money, the first claims go out"))
        for clinician in CLINICIANS:
            self.floor.waiting_for_clinician[clinician.key] = deque()
        for visit in standing:
            self.plan(visit)
        with ThreadPoolExecutor(CLIENTS, "clinic") as pool:
            self.live(pool)

    def live(self, pool: ThreadPoolExecutor) -> None:
        """Minute by minute until the agenda is empty. What is done in one minute may end in the next, as at any desk; before a
        rest everything has ended."""
        day = self.day
        hour = -1
        next_rest = day.time.now
        under_way: deque[list[Future[None]]] = deque()
        while True:
            minute = self.agenda.next_minute()
            if under_way and (minute is None or minute >= next_rest):
                self.end_minutes(under_way, leaving=0)
                continue  # it may have put something on the agenda
            if minute is None:
                return
            if minute.astimezone(UTC).hour != hour:
                hour = minute.astimezone(UTC).hour
                day.reach(f"clinic, {hour}:00 UTC")
            if minute >= next_rest:
                day.time.rest(max(minute, day.time.now))
                next_rest = minute + REST_EVERY
                entries = self.agenda.take(minute)
            else:
                day.time.tick(max(minute, day.time.now))
                entries = self.agenda.take(minute)
                self.agenda.wait_for_rest((entry for entry in entries if entry.at_rest), next_rest)
                entries = [entry for entry in entries if not entry.at_rest]
            day.progress.business_time(minute)
            under_way.append([pool.submit(entry.action) for entry in entries])
            self.end_minutes(under_way, leaving=1)

    def end_minutes(self, under_way: deque[list[Future[None]]], *, leaving: int) -> None:
        """Wait for the minutes that are not over, but for the last ``leaving`` of them, and do what they want done
        afterwards."""
        while len(under_way) > leaving:
            for action in under_way.popleft():
                action.result()
        while self.afterwards:
            self.afterwards.popleft()()

    def count(self, what: str, amount: int = 1) -> None:
        """Add to a figure of the day."""
        self.afterwards.append(lambda: self.counts.__setitem__(what, self.counts.get(what, 0) + amount))

    def plan(self, visit: Visit) -> None:
        """Put the first thing that happens to a visit on the agenda."""
        chance = self.day.chance(f"visit/{visit.appointment_id}")
        if visit.fate == "no_show":
            self.agenda.at(visit.start + timedelta(minutes=20), lambda: self.no_show(visit))
        elif visit.video:
            VideoVisit(self, visit, chance).plan()
        else:
            early = -chance.randint(0, 12)
            offset = visit.late_minutes or early
            self.agenda.at(visit.start + timedelta(minutes=offset), lambda: self.arrive(visit, chance))

    def step(self, visit: Visit, verb: str, api: Api | None = None, body: Json | None = None) -> Json:
        """One step of a visit's flow, by the front desk unless somebody else is named."""
        desk = api or self.day.accounts.front_desks[visit.place.key]
        return desk.post(f"/api/v1/appointments/{visit.appointment_id}:{verb}", body)

    def no_show(self, visit: Visit) -> None:
        """Twenty minutes after the start nobody has come."""
        self.step(visit, "noShow")

    def arrive(self, visit: Visit, chance: random.Random) -> None:
        """Somebody comes through the door."""
        self.step(visit, "arrive")
        visit.arrived = self.day.time.now
        if visit.fate == "left":
            self.agenda.at(self.day.time.now + timedelta(minutes=chance.randint(15, 25)), lambda: self.leave(visit))
            return
        ready = self.day.time.now + timedelta(minutes=chance.randint(1, 5))
        self.agenda.at(ready, lambda: self.check_in(visit, chance))

    def leave(self, visit: Visit) -> None:
        """Somebody has waited too long and goes."""
        self.step(visit, "left")

    def check_in(self, visit: Visit, chance: random.Random) -> None:
        """Copay and old balance are asked; what is paid goes into the desk's drawer; papers are done."""
        desk = self.day.accounts.front_desks[visit.place.key]
        asked = desk.get(f"/api/v1/appointments/{visit.appointment_id}/amounts-to-ask")
        cents = int(asked.get("total", {}).get("minor_units", "0"))
        if cents > 0:
            self.count("asked_cents", cents)
            self.take_payment(visit, desk, cents, chance)
        self.step(visit, "checkIn")
        self.afterwards.append(lambda: self.room_or_wait(visit, chance))

    def take_payment(self, visit: Visit, desk: Api, cents: int, chance: random.Random) -> None:
        """Cash, check or card, into the desk's drawer."""
        tender = chance.choices(list(TENDERS), list(TENDERS.values()))[0]
        body: Json = {
            "patient_id": visit.person.patient_id,
            "location_id": self.day.cast.locations[visit.place.key],
            "method": f"PAYMENT_METHOD_{tender}",
            "amount": dollars(cents),
            "appointment_id": visit.appointment_id,
        }
        if tender == "CHECK":
            body["check_number"] = str(chance.randrange(1000, 9999))
        if tender == "CARD":
            body["card_token"] = self.day.outside.card_token(DECLINED_CARD if chance.random() < 0.1 else GOOD_CARD)
        payment = desk.post("/api/v1/payments", body)
        self.count(f"payments_{tender.lower()}")
        if tender == "CARD":
            # The processor answers in its own time; the terminal shows it some minutes later.
            payment_id = payment["payment_id"]
            self.agenda.at(self.day.time.now + MINUTE, lambda: self.read_terminal(desk, payment_id, body), at_rest=True)

    def read_terminal(self, desk: Api, payment_id: str, body: Json) -> None:
        """What became of a card payment; a declined card is followed by cash."""
        payment = desk.get(f"/api/v1/payments/{payment_id}")
        if payment["state"] == "PAYMENT_STATE_DECLINED":
            self.count("cards_declined")
            cash = {key: value for key, value in body.items() if key != "card_token"}
            desk.post("/api/v1/payments", cash | {"method": "PAYMENT_METHOD_CASH"})

    def room_or_wait(self, visit: Visit, chance: random.Random) -> None:
        """The next free room, or the waiting area until there is one."""
        rooms = self.floor.free_rooms[visit.place.key]
        if not rooms:
            self.floor.waiting_for_room[visit.place.key].append(visit)
            return
        # Nobody is roomed long before their time.
        ready = max(self.day.time.now + 2 * MINUTE, visit.start - 5 * MINUTE)
        room = rooms.popleft()
        self.floor.room_of[visit.appointment_id] = room
        self.agenda.at(ready, lambda: self.room(visit, room, chance))

    def room(self, visit: Visit, room: str, chance: random.Random) -> None:
        """The patient is in the room and waits for the clinician."""
        self.step(visit, "room", body={"room_id": room})
        visit.roomed = self.day.time.now
        self.afterwards.append(lambda: self.floor.waiting_for_clinician[visit.clinician.key].append(visit))
        self.afterwards.append(lambda: self.call_next(visit.clinician.key, chance))

    def call_next(self, clinician: str, chance: random.Random) -> None:
        """A clinician who is free goes to whoever has waited longest."""
        queue = self.floor.waiting_for_clinician[clinician]
        if clinician in self.floor.busy or not queue:
            return
        visit = queue.popleft()
        self.floor.busy.add(clinician)
        self.agenda.at(self.day.time.now + MINUTE, lambda: self.see(visit, chance))

    def see(self, visit: Visit, chance: random.Random) -> None:
        """The clinician is with the patient for about the planned time."""
        self.step(visit, "seen", self.day.accounts.clinicians[visit.clinician.key])
        visit.seen = self.day.time.now
        minutes = max(5, round(visit.kind.minutes * chance.uniform(0.6, 1.0)))
        self.agenda.at(self.day.time.now + timedelta(minutes=minutes), lambda: self.finish(visit, chance))

    def finish(self, visit: Visit, chance: random.Random) -> None:
        """The clinician enters the codes (most sign at once) and turns to the next; the room is cleaned."""
        code_and_sign(self.day, visit, chance, sign=not visit.signs_late)
        self.count("signed_late" if visit.signs_late else "signed_at_once")
        self.afterwards.append(lambda: self.release(visit, chance))
        self.agenda.at(self.day.time.now + 3 * MINUTE, lambda: self.check_out(visit))

    def release(self, visit: Visit, chance: random.Random) -> None:
        """Clinician and room are free again."""
        self.floor.busy.discard(visit.clinician.key)
        self.floor.free_rooms[visit.place.key].append(self.floor.room_of.pop(visit.appointment_id))
        waiting = self.floor.waiting_for_room[visit.place.key]
        if waiting:
            self.room_or_wait(waiting.popleft(), chance)
        self.call_next(visit.clinician.key, chance)

    def check_out(self, visit: Visit) -> None:
        """The visit is over."""
        self.step(visit, "checkOut")
        visit.out = self.day.time.now
        visit.fate = "done"

    def open_drawer(self, place: Place) -> None:
        """The desk opens its drawer with some change in it."""
        made = self.day.accounts.front_desks[place.key].post(
            "/api/v1/drawers",
            {"location_id": self.day.cast.locations[place.key], "opening_float": dollars(FLOAT_CENTS)},
        )
        self.drawers[place.key] = made["drawer_id"]

    def close_drawer(self, place: Place) -> None:
        """The desk counts its drawer; one of them is short, and says so."""
        desk = self.day.accounts.front_desks[place.key]
        drawer = desk.get(f"/api/v1/drawers/{self.drawers[place.key]}")
        cash = int(drawer["expected_cash"]["minor_units"])
        short = SHORT_CENTS if place.key == PLACES[-1].key else 0
        desk.post(
            f"/api/v1/drawers/{self.drawers[place.key]}:close",
            {
                "counted_cash": dollars(cash - short),
                "counted_checks": dollars(int(drawer["expected_checks"]["minor_units"])),
                "note": "five dollars missing after two counts" if short else "",
            },
        )


def run(day: Day) -> None:
    """Live through the visit day."""
    clinic = ClinicDay(day)
    clinic.run()
    seen = [visit for visit in day.visits if visit.fate == "done"]
    waits = sorted(
        max(0, (visit.seen - max(visit.arrived, visit.start)) // MINUTE)
        for visit in seen
        if visit.seen is not None and visit.arrived is not None
    )
    day.figures["clinic"] = {
        "visits_seen": len(seen),
        "no_shows": sum(visit.fate == "no_show" for visit in day.visits),
        "left_unseen": sum(visit.fate == "left" for visit in day.visits),
        "late": sum(visit.late_minutes > 0 for visit in day.visits),
        "video": sum(visit.video for visit in seen),
        "wait_minutes_median": waits[len(waits) // 2] if waits else 0,
        "wait_minutes_p90": waits[len(waits) * 9 // 10] if waits else 0,
        **clinic.counts,
    }
    day.progress.say(
        f"{len(seen)} seen, {day.figures['clinic']['no_shows']} no-shows, "
        f"{day.figures['clinic']['late']} late, median wait {day.figures['clinic']['wait_minutes_median']} min"
    )


def decide_fates(day: Day, visits: list[Visit]) -> None:
    """Who will not come, who leaves, who is late, whose codes are signed only the next day: exact shares, seeded choice."""
    chance = day.chance("fates")
    shuffled = sorted(visits, key=lambda visit: visit.appointment_id)
    chance.shuffle(shuffled)
    # Whoever has confirmed comes more often; at least one in twenty stays away all the same.
    shuffled.sort(key=lambda visit: visit.confirmed and chance.random() < 0.7)
    no_shows = shuffled[: round(len(shuffled) * NO_SHOW_SHARE)]
    for visit in no_shows:
        visit.fate = "no_show"
    coming = [visit for visit in shuffled if visit.fate == "booked"]
    chance.shuffle(coming)
    in_person = [visit for visit in coming if not visit.video]
    for visit in in_person[: max(1, round(len(visits) * LEFT_SHARE))]:
        visit.fate = "left"
    for visit in in_person[-round(len(visits) * LATE_SHARE) :]:
        visit.late_minutes = chance.randint(4, 22)
    for visit in chance.sample(coming, round(len(coming) * SIGNS_LATE_SHARE)):
        visit.signs_late = True
