"""Looks for people in what a system has told about itself: spans, metrics, log records and lines, subjects, request logs.

Outside parties' logs (the simulators') are theirs, not ours, and are left out; so are databases, files and messages, where
people's data belong.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import nats

from infra.local.stack import Stack
from infra.observability.receiver import Receiver, texts

WORDS = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Needle:
    """Something that identifies a person: what kind of thing it is, and a text in which it would show."""

    kind: str
    text: str


@dataclass(frozen=True)
class Hit:
    """Where something was found that must not be there, with what stands around it."""

    needle: Needle
    place: str
    around: str

    def __str__(self) -> str:
        return f"{self.needle.kind} {self.needle.text!r} in {self.place}: …{self.around}…"


def forms_of_phone(number: str) -> list[str]:
    """The ways in which a +1 number is written: E.164, national, and as people do."""
    digits = re.sub(r"\D", "", number)[-10:]
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    return [
        f"+1{digits}",
        digits,
        f"({area}) {exchange}-{line}",
        f"{area}-{exchange}-{line}",
        f"{area} {exchange} {line}",
    ]


def forms_of_name(family: str, given: str) -> list[str]:
    """First name first, family name first, and as HL7 and X12 write it."""
    return [f"{given} {family}", f"{family}, {given}", f"{family}^{given}", f"{family}*{given}", f"{family} {given}"]


def forms_of_day(day: date) -> list[str]:
    """ISO, X12 and American."""
    return [f"{day:%Y-%m-%d}", f"{day:%Y%m%d}", f"{day:%m/%d/%Y}"]


def needles(kind: str, found: Iterable[str]) -> Iterator[Needle]:
    """A needle for each text that is long enough to mean anything."""
    return (Needle(kind, text) for text in found if len(text) >= 3)


def places(stack: Stack, receiver: Receiver, subjects: Iterable[str]) -> dict[str, set[str]]:
    """Every text that the system has told about itself, by where. `subjects`: see `subjects`, asked while NATS runs."""
    told = {"NATS subjects": set(subjects)}
    for path, message in receiver.messages():
        told.setdefault(f"OTLP {path.rpartition('/')[2]}", set()).update(texts(message))
    for log in our_logs(stack):
        lines = log.read_text(errors="replace").splitlines()
        told[f"log {log.name}"] = set(lines)
    return told


def our_logs(stack: Stack) -> list[Path]:
    """Log files of services, gateway (its request log too), PostgreSQL and NATS."""
    ours = [path for path in (stack.data / "logs").iterdir() if not path.name.endswith("-simulator.log")]
    servers = [path for folder in ("postgres", "nats") for path in (stack.data / folder).glob("*.log")]
    return sorted([*ours, *servers])


def subjects(stack: Stack) -> list[str]:
    """Every subject of every message that any stream holds."""

    async def ask() -> list[str]:
        client = await nats.connect(stack.nats.url("ops"))
        try:
            js = client.jetstream()
            found: list[str] = []
            for stream in await js.streams_info():
                name = stream.config.name or ""
                info = await js.stream_info(name, subjects_filter=">")
                found += list(info.state.subjects or {})
            return found
        finally:
            await client.close()

    return asyncio.run(ask())


def search(wanted: Iterable[Needle], told: Mapping[str, Iterable[str]], *, most: int = 200) -> list[Hit]:
    """Where any needle stands as a word of its own, whatever its case; the first `most` hits."""
    by_text = {needle.text.lower(): needle for needle in wanted}
    if not by_text:
        raise ValueError("nobody is looked for")
    longest_first = sorted(by_text, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w])(?:{'|'.join(map(re.escape, longest_first))})(?![\w])", re.IGNORECASE)
    hits: list[Hit] = []
    for place, lines in told.items():
        for line in lines:
            for match in pattern.finditer(line):
                around = line[max(0, match.start() - 60) : match.end() + 60]
                hits.append(Hit(by_text[match[0].lower()], place, around))
                if len(hits) == most:
                    return hits
    return hits


def malformed_lines(stack: Stack) -> list[str]:
    """Lines of services' logs that are not one JSON object with time, level and event (what migrations print apart)."""
    odd = []
    for log in our_logs(stack):
        if log.parent.name != "logs" or log.name.endswith("-migrate.log") or log.suffix == ".jsonl":
            continue
        for line in log.read_text(errors="replace").splitlines():
            try:
                if not {"at", "level", "event", "service"} <= json.loads(line).keys():
                    odd.append(f"{log.name}: {line[:200]}")
            except (json.JSONDecodeError, AttributeError):
                odd.append(f"{log.name}: {line[:200]}")
    return odd
