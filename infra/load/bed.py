"""The system under load: a stack with its organisations, people and today's visits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.load.driver import Calls, Run, arrive
from infra.load.machine import Meter, Used
from infra.load.network import open_organisation, settle, token
from infra.load.people import Loader
from infra.load.scenario import SHARES, Desk
from infra.local.stack import Stack

# A bearer token lasts five minutes; one that is older than this is not begun with.
TOKEN_SECONDS = 180.0
IDLE_SECONDS = 4.0
PEOPLE_AT_A_TIME = 50_000


@dataclass
class Bed:
    """A running stack and the desks that work in it; `desks[0]` is the large organisation."""

    stack: Stack
    tell: Callable[[str], None]
    desks: list[Desk] = field(default_factory=list)
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict)
    _idle: Used | None = None

    @property
    def port(self) -> int:
        """The gateway's."""
        return self.stack.plan.ports["gateway"]

    def add(self, slug: str, *, clinics: int, practitioners: int, people: int, visits_today: int) -> Desk:
        """An organisation with people who have been there once, and visits that wait for today."""
        organisation = open_organisation(self.stack, slug, clinics, practitioners)
        desk = Desk(organisation, 0, [])
        self.grow(desk, max(people, clinics * visits_today))
        desk.expect(Loader(self.stack.postgres.admin_url).todays_visits(organisation, visits_today))
        self.desks.append(desk)
        return desk

    def grow(self, desk: Desk, people: int) -> None:
        """Makes the organisation's people as many as this."""
        loader = Loader(self.stack.postgres.admin_url)
        for first in range(desk.people, people, PEOPLE_AT_A_TIME):
            end = min(people, first + PEOPLE_AT_A_TIME)
            loader.register(desk.organisation, first, end)
            loader.past_visits(desk.organisation, first, end)
        desk.people = max(people, desk.people)

    def analyze(self) -> None:
        """As autovacuum does within the minute."""
        Loader(self.stack.postgres.admin_url).analyze()

    def token(self, desk: Desk) -> str:
        """A bearer token that lasts for the next run."""
        slug = desk.organisation.slug
        made, kept = self._tokens.get(slug, (-TOKEN_SECONDS, ""))
        if time.monotonic() - made > TOKEN_SECONDS:
            made, kept = time.monotonic(), token(self.stack, slug)
            self._tokens[slug] = made, kept
        return kept

    def mix(self, rate: float, seconds: float, desks: list[Desk] | None = None) -> list[Calls]:
        """The morning's requests for a run; of several desks each kind in turn."""
        chosen = desks or self.desks[:1]
        expected = int(rate * seconds / len(chosen)) + 1
        of_desks = [desk.calls(self.token(desk), expected) for desk in chosen]
        mixed = []
        for kinds in zip(*of_desks, strict=True):
            longest = max(len(one.texts) for one in kinds)
            texts = [one.texts[n] for n in range(longest) for one in kinds if n < len(one.texts)]
            mixed.append(Calls(kinds[0].name, texts, SHARES[kinds[0].name]))
        return mixed

    def meter(self) -> Callable[[], Used]:
        """Begins to measure; the result ends it: what was spent beyond what is spent at rest, until the last event was heard."""
        self.rest()
        if self._idle is None:
            resting = Meter(self.stack)
            time.sleep(IDLE_SECONDS)
            self._idle = resting.used()
        meter, idle = Meter(self.stack), self._idle

        def used() -> Used:
            self.rest()
            return meter.used().beyond(idle)

        return used

    def morning(self, rate: float, seconds: float, desks: list[Desk] | None = None) -> tuple[Run, Used]:
        """The mix at a rate; what it cost the system, until the last event of it has been heard."""
        calls = self.mix(rate, seconds, desks)
        used = self.meter()
        run = arrive(self.port, calls, rate, seconds=seconds)
        return run, used()

    def rest(self) -> None:
        """Returns when every event has reached everybody."""
        settle(self.stack, pause=0.25)
