"""The days of some practitioners as they are lived: patients come early and late, visits take longer than planned, some stay away."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from infra.day.client import Api, ApiError
from infra.fortnight.tally import Tally, Visit

NO_SHOW = 0.06
NO_SHOW_AFTER = timedelta(minutes=30)


@dataclass
class Waiting:
    """Somebody who is expected: when they come (None: they do not), and whether they have."""

    visit: Visit
    comes: datetime | None
    here: bool = False


@dataclass
class Consultation:
    """One practitioner's day: who is expected, and until when they are with somebody."""

    expected: list[Waiting] = field(default_factory=list)
    inside: Visit | None = None
    until: datetime | None = None


@dataclass
class Clinic:
    """The practitioners (by number) whose visits are lived through step by step."""

    api: Api
    tally: Tally
    minutes: int
    seed: int
    consultations: dict[int, Consultation] = field(default_factory=dict)

    def expect(self, visits: list[Visit]) -> None:
        """The visits of a new day."""
        self.consultations = {}
        for visit in sorted(visits, key=lambda one: one.start):
            dice = random.Random(f"{self.seed} {visit.id}")
            comes = None if dice.random() < NO_SHOW else visit.start + timedelta(minutes=dice.gauss(-6, 9))
            self.consultations.setdefault(visit.practitioner, Consultation()).expected.append(Waiting(visit, comes))

    def live(self, practitioner: int, now: datetime) -> None:
        """What happens with one practitioner by this instant."""
        day = self.consultations[practitioner]
        for one in list(day.expected):
            if one.comes is not None and one.comes <= now and not one.here:
                one.here = self._step(one.visit, "arrive", day)
            elif one.comes is None and one.visit.start + NO_SHOW_AFTER <= now:
                self._step(one.visit, "noShow", day)
                day.expected = [other for other in day.expected if other is not one]
        if day.inside is not None and day.until is not None and day.until <= now:
            self._step(day.inside, "checkOut", day)
            day.inside = None
        if day.inside is None:
            self._call_in(day, now)

    def _call_in(self, day: Consultation, now: datetime) -> None:
        here = next((one for one in day.expected if one.here), None)
        if here is None:
            return
        day.expected.remove(here)
        if self._step(here.visit, "checkIn", day) and self._step(here.visit, "seen", day):
            spread = random.Random(here.visit.id).gauss(0, self.minutes / 8)
            day.inside, day.until = here.visit, now + timedelta(minutes=self.minutes + spread)

    def _step(self, visit: Visit, step: str, day: Consultation) -> bool:
        """Takes a step; a visit that was moved or cancelled meanwhile is no longer expected."""
        try:
            self.api.post(f"/api/v1/appointments/{visit.id}:{step}", {})
        except ApiError as error:
            if error.reason not in ("WRONG_STATUS", "NOT_TODAY", "TOO_EARLY"):
                raise
            day.expected = [one for one in day.expected if one.visit is not visit]
            return False
        self.tally.count(step)
        return True
