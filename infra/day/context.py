"""What the steps of the day share: the running stack, business time, accounts, the cast, the visits, the figures."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from infra.day.client import Api, Json, RequestLog
from infra.day.clock import Time
from infra.day.observe import Observer
from infra.day.outside import Outside
from infra.day.progress import Progress
from infra.day.world import TENANT, VISIT_DAY, Clinician, Place, VisitKind
from infra.local.stack import Stack

CLIENTS: Final = 16

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Options:
    """What the command line decides."""

    visits: int
    seed: int
    patients: Path | None
    chaos: bool
    keep: bool
    out: Path


@dataclass
class Person:
    """A patient of the network as the day knows them."""

    patient_id: str
    family: str
    given: str
    birth_date: date
    sex: str
    state: str = ""
    phone: str = ""
    email: str = ""
    language: str = "en"
    guarantor_id: str = ""
    payer_codes: list[str] = field(default_factory=list)
    place: str = ""

    def age_on(self, day: date) -> int:
        """Full years of age on a day."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (0 if had_birthday else 1)


@dataclass
class Visit:
    """One booked visit, and what the day's chance has in store for it."""

    appointment_id: str
    person: Person
    clinician: Clinician
    place: Place
    kind: VisitKind
    start: datetime
    end: datetime
    # booked, cancelled, no_show, left, done
    fate: str = "booked"
    late_minutes: int = 0
    signs_late: bool = False
    confirmed: bool = False
    encounter_id: str = ""
    arrived: datetime | None = None
    roomed: datetime | None = None
    seen: datetime | None = None
    out: datetime | None = None

    @property
    def video(self) -> bool:
        return self.kind.modality == "MODALITY_VIDEO"


@dataclass(frozen=True)
class Strike:
    """One SIGKILL: where in the day, whom (and which process; None: it was dead already), and how long it took until the
    victim was ready again (real seconds)."""

    point: str
    victim: str
    process: int | None
    seconds: float


@dataclass
class Cast:
    """Ids that identity, scheduling and billing have given to what ``world`` describes, by the world's keys."""

    # How people name the tenant when they sign in.
    slug: str = TENANT
    tenant_id: str = ""
    idle_tenant_id: str = ""
    billing_entity_id: str = ""
    locations: dict[str, str] = field(default_factory=dict)
    practitioners: dict[str, str] = field(default_factory=dict)
    rooms: dict[str, list[str]] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    appointment_types: dict[str, str] = field(default_factory=dict)


@dataclass
class Accounts:
    """Who is signed in: the owner, a biller, a front desk a place, each clinician, and the booking programs."""

    owner: Api
    biller: Api
    front_desks: dict[str, Api] = field(default_factory=dict)
    clinicians: dict[str, Api] = field(default_factory=dict)
    booking: list[Api] = field(default_factory=list)


@dataclass
class Day:
    """Everything a step may use."""

    options: Options
    stack: Stack
    observer: Observer
    time: Time
    outside: Outside
    log: RequestLog
    progress: Progress
    visit_day: date = VISIT_DAY
    cast: Cast = field(default_factory=Cast)
    people: list[Person] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    # Figures for the report, by section.
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Sentences for the report: what the day did that is not plain from the figures.
    notes: list[str] = field(default_factory=list)
    # Rows of the idle tenant by table, counted when it was made.
    idle_rows: dict[str, int] = field(default_factory=dict)
    # What chaos has killed, in order.
    strikes: list[Strike] = field(default_factory=list)
    # Called with the name of each point the day reaches (chaos strikes there).
    reach: Callable[[str], None] = lambda point: None
    _accounts: Accounts | None = None

    @property
    def accounts(self) -> Accounts:
        """The signed-in accounts; there from the first step on."""
        if self._accounts is None:
            raise RuntimeError("the first step has not signed anybody in yet")
        return self._accounts

    @accounts.setter
    def accounts(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def claim_files(self) -> list[tuple[str, bytes]]:
        """Name and bytes of every claim file the clearinghouse has got, by name."""
        folder = self.stack.simulator_folder("clearinghouse") / "outbound"
        return [(path.name, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]

    def chance(self, purpose: str) -> random.Random:
        """A generator of its own for each purpose, so that one step's draws never shift another's."""
        return random.Random(f"{self.options.seed}/{purpose}")

    def local(self, place: Place, hour: int, minute: int = 0, *, days: int = 0) -> datetime:
        """A wall-clock time at a place, on the visit day or ``days`` from it, as an aware instant."""
        return wall_clock(place, self.visit_day + timedelta(days=days), hour, minute)

    def parallel(self, work: Callable[[Item], Result], items: Iterable[Item], title: str) -> list[Result]:
        """``work`` on every item by 16 clients at once, with a progress bar; results in the order of the items."""
        todo = list(items)
        with self.progress.bar(title, len(todo)) as advance, ThreadPoolExecutor(CLIENTS, "client") as pool:
            return list(_advancing(pool.map(work, todo), advance))


def wall_clock(place: Place, day: date, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time at a place as an aware instant."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(place.time_zone))


def _advancing(results: Iterator[Result], advance: Callable[[], None]) -> Iterator[Result]:
    for result in results:
        advance()
        yield result


def unique(items: Iterable[Json], field_name: str) -> dict[str, Json]:
    """API objects by one of their fields."""
    return {str(item[field_name]): item for item in items}
