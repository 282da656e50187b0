"""Search parameters as FHIR writes them (https://hl7.org/fhir/R4/search.html): tokens, references, dates with prefixes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Request

from gateway.fhir.outcome import issue, operation_outcome
from gateway.fhir.references import id_in
from gateway.transcoding.problems import Problems

_DATE = re.compile(
    r"(?P<prefix>eq|ge|gt|le|lt|sa|eb)?(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<time>\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?P<zone>Z|[+-]\d\d:\d\d))?)?)?",
    re.ASCII,
)
DEFAULT_COUNT = 50
MOST = 500
# How the answer is written is nothing that a search looks for.
PRESENTATION = frozenset({"_format", "_pretty"})


def lenient(incoming: Request) -> bool:
    """Whether the client prefers that unknown parameters be ignored (``Prefer: handling=lenient``); else they are refused, since a
    search that leaves one out finds other people than were meant."""
    wishes = incoming.headers.get("Prefer", "").lower().replace(";", ",").split(",")
    return "handling=lenient" in [wish.replace(" ", "").replace('"', "") for wish in wishes]


def shown(name: str) -> str:
    """A parameter's name as it can be told back."""
    return name[:64].encode("ascii", "backslashreplace").decode()


def ignored_outcome(names: Iterable[str]) -> dict[str, Any] | None:
    """What is said of parameters that were left out; None when none was."""
    issues = [issue("warning", "not-supported", f"{name} was ignored", name) for name in dict.fromkeys(names)]
    return operation_outcome(issues) if issues else None


@dataclass
class Query:
    """The parameters of one search, by name; what is wrong with them is gathered and refused at once."""

    values: Mapping[str, Sequence[str]]
    problems: Problems = field(default_factory=Problems)
    # Names of parameters that were left out because the client prefers so.
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]], known: Sequence[str], *, lenient: bool = False) -> Query:
        """The parameters by name; one that is not known is a problem, or with `lenient` is left out."""
        values: dict[str, list[str]] = {}
        query = cls(values)
        for name, value in pairs:
            if name in PRESENTATION:
                continue
            if name not in known and lenient:
                query.ignored.append(shown(name))
            elif name not in known:
                query.problems.add(shown(name), "is not a parameter of this search")
            elif value:
                values.setdefault(name, []).append(value)
        return query

    def used(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """What was looked for, as a link to this search says it."""
        return [(name, value) for name, value in pairs if shown(name) not in self.ignored]

    def one(self, name: str) -> str:
        """The only value of a parameter, "" without one."""
        given = self.values.get(name, ())
        if len(given) > 1:
            self.problems.add(name, "may be given once")
        return given[0] if given else ""

    def any_of(self, name: str) -> list[str]:
        """Alternatives: values divided by commas, or the parameter given again."""
        return [part for value in self.values.get(name, ()) for part in value.split(",") if part]

    def codes(self, name: str, system: str) -> list[str]:
        """The codes of tokens ``system|code`` or ``code``; another system is a problem."""
        found = []
        for token in self.any_of(name):
            before, bar, code = token.rpartition("|")
            if bar and before not in ("", system):
                self.problems.add(name, f"must be of the system {system}")
            found.append(code)
        return found

    def ids(self, name: str, *kinds: str) -> list[tuple[str, str]]:
        """(kind, id) of references; of a single kind the id alone will do."""
        found = []
        for value in self.any_of(name):
            reference = id_in(value if "/" in value or len(kinds) > 1 else f"{kinds[0]}/{value}", *kinds)
            if reference is None:
                self.problems.add(name, f"must be a reference to {' or '.join(kinds)}")
            else:
                found.append(reference)
        return found

    def uuids(self, name: str, *kinds: str) -> list[tuple[str, str]]:
        """The same of resources that are rows of ours, whose ids are UUIDs."""
        found = []
        for kind, given in self.ids(name, *kinds):
            try:
                found.append((kind, str(UUID(given))))
            except ValueError:
                self.problems.add(name, f"is no id of a {kind}")
        return found

    def instants(self, name: str) -> tuple[datetime | None, datetime | None]:
        """[from, to) that dates with prefixes leave together; what names no zone is UTC."""
        begin: datetime | None = None
        end: datetime | None = None
        for value in self.values.get(name, ()):
            low, high = self._period(name, value)
            if low is not None:
                begin = low if begin is None else max(begin, low)
            if high is not None:
                end = high if end is None else min(end, high)
        return begin, end

    def count(self) -> int:
        """How many resources a page may have."""
        text = self.one("_count")
        if not text:
            return DEFAULT_COUNT
        if not (text.isascii() and text.isdecimal() and text.strip("0")):
            self.problems.add("_count", "must be a whole number from 1 on")
            return DEFAULT_COUNT
        # Whoever wants more than a page holds is given a page (https://hl7.org/fhir/R4/search.html#count).
        return min(int(text.lstrip("0")[:6]), MOST)

    def refuse(self) -> None:
        """Raises InvalidInput with everything that was wrong."""
        self.problems.refuse()

    def _period(self, name: str, value: str) -> tuple[datetime | None, datetime | None]:
        match = _DATE.fullmatch(value)
        try:
            if match is None:
                raise ValueError
            low, high = _bounds(match)
        except (ValueError, OverflowError):
            self.problems.add(name, "must be a date or an instant, with a prefix eq, ge, gt, le, lt, sa or eb if any")
            return None, None
        prefix = match["prefix"] or "eq"
        return (
            {"eq": low, "ge": low, "gt": high, "sa": high}.get(prefix),
            {"eq": high, "le": high, "lt": low, "eb": low}.get(prefix),
        )


def _bounds(match: re.Match[str]) -> tuple[datetime, datetime]:
    """The stretch of time that a date of this precision means."""
    year, month, day = int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)
    if match["time"]:
        zone = "+00:00" if match["zone"] == "Z" else match["zone"]
        moment = datetime.fromisoformat(f"{match['year']}-{match['month']}-{match['day']}T{match['time']}{zone}")
        return moment.astimezone(UTC), moment.astimezone(UTC) + timedelta(
            seconds=1 if match["time"].count(":") == 2 else 60
        )
    low = datetime(year, month, day, tzinfo=UTC)
    if match["day"]:
        return low, low + timedelta(days=1)
    if match["month"]:
        return low, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return low, datetime(year + 1, 1, 1, tzinfo=UTC)
