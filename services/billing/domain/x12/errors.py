"""What is said when an X12 file, a set in it or a value for it is refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something was found.

    `segment` counts from 1 over the whole file (ISA is 1), `byte` is the offset of that segment's first byte,
    `element` counts as the guides do (CLP04 is element 4; 0 when the whole segment is meant).
    """

    segment: int
    byte: int
    segment_id: str = ""
    element: int = 0
    set_control: str = ""

    def __str__(self) -> str:
        name = f"{self.segment_id}{self.element:02d}" if self.element else self.segment_id
        where = f"segment {self.segment} ({name}) at byte {self.byte}" if name else f"byte {self.byte}"
        return f"{where} of set {self.set_control}" if self.set_control else where


class X12Error(ValueError):
    """An X12 text is refused: `reason` is a sentence without personal data, `place` says where."""

    def __init__(self, reason: str, place: Place | None = None) -> None:
        super().__init__(f"{reason}: {place}" if place else reason)
        self.reason = reason
        self.place = place


class InterchangeRefused(X12Error):
    """The envelope cannot be trusted (not X12, truncated, counts or control numbers disagree): reading ends."""


class SetRefused(X12Error):
    """One transaction set (ST–SE) is refused; the others of the file are still read."""


class UnsupportedVersion(SetRefused):
    """The set is of a version or kind that is not read here, for example 004010 or an institutional claim."""


class UnwritableValue(X12Error):
    """A value cannot be written into a segment: a separator inside, a forbidden character, too long, missing."""
