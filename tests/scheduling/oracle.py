"""A naive clinic: what booking must do, said in the plainest way, by counting minutes one by one.

It shares nothing with the service: no cells, no bitmaps, no lanes. Times are minutes after local midnight of a numbered day.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

OPENS, CLOSES = 9 * 60, 17 * 60
EVERY = 15


@dataclass(frozen=True)
class Kind:
    """A type of visit: its length, how long practitioner and room need afterwards, whether it needs the only room."""

    code: str
    minutes: int
    after: int = 0
    room: bool = False


@dataclass(frozen=True)
class Claim:
    """A hold (no patient yet) or a visit."""

    kind: Kind
    practitioner: int
    patient: int | None
    day: int
    start: int
    # Of a hold: the minute of the clock at which it ends.
    until: int | None = None

    def busy(self) -> set[int]:
        """The minutes of practitioner and room."""
        return set(range(self.start, self.start + self.kind.minutes + self.kind.after))

    def sat(self) -> set[int]:
        """The minutes of the patient."""
        return set(range(self.start, self.start + self.kind.minutes))


@dataclass
class Oracle:
    """Everything that is booked and held, and who is away when."""

    now: int = 0
    claims: dict[str, Claim] = field(default_factory=dict)
    away: set[tuple[int, int]] = field(default_factory=set)

    def wait(self, minutes: int) -> None:
        """Time passes; holds end."""
        self.now += minutes
        self.claims = {key: one for key, one in self.claims.items() if one.until is None or one.until > self.now}

    def refusal(self, wanted: Claim, but: str = "") -> str:
        """Why this cannot be, as the service says it; empty when it can. ``but`` is the claim that is being moved."""
        if wanted.start < OPENS or wanted.start + wanted.kind.minutes > CLOSES or self._away(wanted):
            return "OUTSIDE_WORKING_TIME"
        others = [one for key, one in self.claims.items() if key != but and one.day == wanted.day]
        practitioner = any(one.practitioner == wanted.practitioner and one.busy() & wanted.busy() for one in others)
        room = wanted.kind.room and any(one.kind.room and one.busy() & wanted.busy() for one in others)
        if practitioner or room:
            return "SLOT_TAKEN"
        return "PATIENT_BUSY" if self.patient_busy(wanted, but) else ""

    def patient_busy(self, wanted: Claim, but: str = "") -> bool:
        """Whether the patient sits elsewhere then; who only holds a time does not sit there yet."""
        return wanted.patient is not None and any(
            one.until is None and one.patient == wanted.patient and one.day == wanted.day and one.sat() & wanted.sat()
            for key, one in self.claims.items()
            if key != but
        )

    def free(self, kind: Kind, practitioner: int, day: int) -> list[int]:
        """Every quarter of an hour at which such a visit could begin."""
        return [
            start for start in range(0, 24 * 60, EVERY) if not self.refusal(Claim(kind, practitioner, None, day, start))
        ]

    def moved(self, key: str, wanted: Claim) -> None:
        """The claim is elsewhere now."""
        self.claims[key] = replace(wanted, until=None)

    def _away(self, wanted: Claim) -> bool:
        return (wanted.practitioner, wanted.day) in self.away
