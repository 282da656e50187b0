"""Two weeks, from the first booking to the last visit: who does what when, with every instant told to the services."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from infra.day.clock import BusinessTime
from infra.fortnight.clinic import Clinic
from infra.fortnight.desk import Desk, instant
from infra.fortnight.tally import Tally, Visit

HANDS = 8
# The networks' day in UTC: from seven in New York to seven in the evening in Phoenix.
OPENS, TICKS = timedelta(hours=12), 42
TICK = timedelta(minutes=20)
# Each sixth tick people ask for and give up times, and the system comes to rest.
TICKS_BETWEEN = 6
# Of all times so many are booked before the first day, the others' demand comes day by day.
BOOKED_AHEAD, DEMAND = 0.7, 1.0
# Of the visits to come so many are given up, and so many moved, each time that people call.
GIVE_UP, MOVE = 0.004, 0.002
NOTICE = timedelta(hours=2)
ROUNDS = 3
Item = TypeVar("Item")


@dataclass
class Fortnight:
    """A network, its patients, and the days that they live."""

    desk: Desk
    clinic: Clinic
    time: BusinessTime
    days: int
    # Times that the network has in all.
    times: int
    dice: random.Random
    tell: Callable[[str], None]

    @property
    def tally(self) -> Tally:
        """What has happened."""
        return self.desk.tally

    def live(self, first_midnight: datetime) -> None:
        """All days, from midnight UTC of the first."""
        calls = self.days * TICKS // TICKS_BETWEEN
        for location_id in self.desk.organisation.location_ids:
            for patient_id in self.dice.sample(self.desk.patient_ids, 12):
                self.desk.wait(location_id, patient_id)
        self._each(self.desk.book, self._seeds(int(self.times * BOOKED_AHEAD)))
        self.time.settle()
        self.tell(f"{self.tally.counts['booked']:,} visits are booked before the first day")
        for number in range(self.days):
            self._day(first_midnight + timedelta(days=number), int(self.times * (DEMAND - BOOKED_AHEAD) / calls))

    def _day(self, midnight: datetime, demand: int) -> None:
        opens = midnight + OPENS
        self.time.to(opens)
        self._ask_for_the_third_next()
        lived = {visit.practitioner for visit in self.tally.coming(opens)} & set(self._lived_through())
        today = [
            visit
            for visit in self.tally.coming(opens - timedelta(hours=1))
            if visit.practitioner in lived and visit.start < opens + TICKS * TICK
        ]
        self.clinic.expect(today)
        for tick in range(TICKS):
            now = opens + tick * TICK
            if tick % TICKS_BETWEEN:
                self.time.tick(now)
            else:
                self.time.to(now)
                self._people_call(now, demand)
            self._each(lambda practitioner, at=now: self.clinic.live(practitioner, at), list(self.clinic.consultations))
        self.time.to(opens + TICKS * TICK)
        self._note_utilisation(midnight)
        self.tell(
            f"{midnight:%a %d %b}: {self.tally.counts['booked']:,} booked, {self.tally.counts['cancelled']:,} cancelled"
        )

    def _people_call(self, now: datetime, demand: int) -> None:
        """Visits are asked for, given up and moved at once; then who waits answers what they are offered, round after round."""
        coming = self.tally.coming(now + NOTICE)
        given_up = self._share(coming, GIVE_UP)
        moved = [visit for visit in self._share(coming, MOVE) if visit not in given_up]
        actions: list[Callable[[], None]] = [lambda seed=seed: self.desk.book(seed) for seed in self._seeds(demand)]
        actions += [lambda visit=visit: self.desk.cancel(visit) for visit in given_up]
        actions += [
            lambda visit=visit, seed=seed: self.desk.move(visit, seed)
            for visit, seed in zip(moved, self._seeds(len(moved)), strict=True)
        ]
        self.dice.shuffle(actions)
        self._each(lambda action: action(), actions)
        for _ in range(ROUNDS):
            self.time.settle()
            offers = self.desk.open_offers()
            if not offers:
                return
            answers = [(offer, self.dice.getrandbits(48)) for offer in offers]
            self._each(lambda answer: self.desk.answer(*answer), answers)

    def _lived_through(self) -> range:
        """Each tenth practitioner's days are lived visit by visit."""
        return range(0, len(self.desk.organisation.practitioner_ids), 10)

    def _ask_for_the_third_next(self) -> None:
        """How long it takes to the third next free time, the measure of access that clinics use (IHI)."""
        for practitioner in self._lived_through():
            slots = self.desk.search(practitioner, limit=3)
            if len(slots) == 3:
                wait = instant(slots[2]["start_time"]) - self.time.now
                self.tally.third_next_days.append(wait / timedelta(days=1))

    def _note_utilisation(self, midnight: datetime) -> None:
        """Open and booked minutes of the day, as each location's board says."""
        day = {"date.year": midnight.year, "date.month": midnight.month, "date.day": midnight.day}
        for location_id in self.desk.organisation.location_ids:
            board = self.desk.api.get(f"/api/v1/locations/{location_id}/day", **day)
            for one in board.get("practitioners", []):
                self.tally.open_minutes += int(one.get("open_minutes", 0))
                self.tally.booked_minutes += int(one.get("booked_minutes", 0))

    def _share(self, visits: list[Visit], share: float) -> list[Visit]:
        """So many of them, by chance: of few sometimes one."""
        many = len(visits) * share
        return self.dice.sample(visits, int(many) + (self.dice.random() < many % 1))

    def _seeds(self, many: int) -> list[int]:
        return [self.dice.getrandbits(48) for _ in range(many)]

    @staticmethod
    def _each(act: Callable[[Item], None], items: Iterable[Item]) -> None:
        """Does it to each, with many hands; the first error is raised."""
        with ThreadPoolExecutor(HANDS) as pool:
            for _ in pool.map(act, items):
                pass


def midnights(start: datetime) -> Iterator[datetime]:
    """Midnights UTC from the next Monday on."""
    day = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day += timedelta(days=(7 - day.weekday()) % 7 or 7)
    while True:
        yield day
        day += timedelta(days=1)
