"""When everything was well again: every service answers everybody, and what was committed during the trouble has reached all."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import psycopg

from infra.chaos.clinics import Clinic
from infra.chaos.gate import Gate
from infra.chaos.watch import Watch, WatchedApi
from infra.day.observe import Databases, Row
from infra.local.servers import SERVICES

# Real seconds: between two looks, without an error before it counts as well, and after which nobody waits any longer.
LOOK_SECONDS: Final = 0.1
ASK_SECONDS: Final = 0.25
CALM_SECONDS: Final = 1.2
LONGEST_SECONDS: Final = 40.0

OUTBOX_END: Final = "SELECT coalesce(max(id), 0) AS id FROM outbox"
OUTBOX_LEFT: Final = "SELECT count(*) AS n FROM outbox WHERE published_at IS NULL AND id <= %s"
DUE_LEFT: Final = "SELECT count(*) AS n FROM due WHERE due_at <= %s"
UNREACHABLE: Final = (psycopg.OperationalError, OSError, http.client.HTTPException, json.JSONDecodeError)


@dataclass
class Marks:
    """Where things stood when the cause ended: the last event of each outbox, of each stream, the business instant."""

    outbox: dict[str, int] = field(default_factory=dict)
    streams: dict[str, int] = field(default_factory=dict)
    now: datetime | None = None


class Probes:
    """Asks every service of every tenant for something small, several times a second, without patience."""

    def __init__(self, clinics: list[Clinic]) -> None:
        self.gate = Gate()
        # When each was last answered well, by (tenant, service): monotonic.
        self.well_at: dict[tuple[str, str], float] = {}
        self._threads = [
            threading.Thread(target=self._ask_for_ever, args=(clinic, service), name=f"probe-{service}", daemon=True)
            for clinic in clinics
            for service in SERVICES
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Stop asking."""
        self.gate.end()
        for thread in self._threads:
            thread.join(5)

    def _ask_for_ever(self, clinic: Clinic, service: str) -> None:
        owner = clinic.day.accounts.owner
        path, query = question(clinic, service)
        while not self.gate.ended:
            with self.gate:
                if isinstance(owner, WatchedApi) and owner.once(path, **query):
                    self.well_at[clinic.name, service] = time.monotonic()
            time.sleep(ASK_SECONDS)


def question(clinic: Clinic, service: str) -> tuple[str, dict[str, str]]:
    """Path and query of something small that only this service can answer."""
    day = clinic.day
    person = day.people[0].patient_id
    match service:
        case "identity":
            return "/api/v1/me", {}
        case "patient_registry":
            return f"/api/v1/patients/{person}", {}
        case "scheduling":
            return "/api/v1/appointment-types", {}
        case "billing":
            return "/api/v1/encounters", {"patient_id": person, "page_size": "1"}
        case "notifications":
            return "/api/v1/messaging-policy", {}
        case "telehealth":
            return "/api/v1/telehealth/sessions", {"page_size": "1"}
    raise LookupError(service)


class Recovery:
    """Measures how long it takes from the end of a cause until all is well."""

    def __init__(
        self,
        watch: Watch,
        probes: Probes,
        admin_url: Callable[[str], str],
        streams: Callable[[], list[Row]],
        business_now: Callable[[], datetime],
    ) -> None:
        self._watch = watch
        self._probes = probes
        self._databases = Databases(admin_url)
        self._streams = streams
        self._business_now = business_now

    def close(self) -> None:
        """Ends the connections."""
        self._databases.close()

    def wait(self, ended: float) -> float | None:
        """Seconds from the monotonic instant ``ended`` until all was well; None when it was not in ``LONGEST_SECONDS``.

        Well is: each service has answered each tenant; no error since then for a while; every event that had been
        committed by then is published and consumed; nothing that was due by then is left.
        """
        marks: Marks | None = None
        answered = caught_up = 0.0
        while time.monotonic() < ended + LONGEST_SECONDS:
            if not answered and self._probed_since(ended):
                answered = time.monotonic()
            if marks is None:
                marks = self._mark()
            elif not caught_up and self._has_caught_up(marks):
                caught_up = time.monotonic()
            if answered and caught_up:
                worst = max([answered, caught_up, *self._errors_since(ended)])
                if time.monotonic() - worst >= CALM_SECONDS:
                    return round(worst - ended, 2)
            time.sleep(LOOK_SECONDS)
        return None

    def left(self) -> str:
        """What is not well now, for whoever reads why it took too long."""
        marks = self._mark()
        if marks is None:
            return "a server cannot be reached"
        silent = [
            f"{tenant}/{service}" for (tenant, service), at in self._probes.well_at.items() if time.monotonic() - at > 2
        ]
        open_ = self._open_consumers(marks)
        return f"not answering: {silent}; consumers behind: {open_}; due: {self._due_left(marks)}"

    def _probed_since(self, instant: float) -> bool:
        return len(self._probes.well_at) >= len(SERVICES) and all(at > instant for at in self._probes.well_at.values())

    def _errors_since(self, instant: float) -> list[float]:
        return [answer.at for answer in self._watch.since(instant) if answer.is_error]

    def _mark(self) -> Marks | None:
        try:
            return Marks(
                outbox={service: self._databases.one(service, OUTBOX_END)["id"] for service in SERVICES},
                streams={stream["name"]: int(stream["state"]["last_seq"]) for stream in self._streams()},
                now=self._business_now(),
            )
        except UNREACHABLE:
            return None

    def _has_caught_up(self, marks: Marks) -> bool:
        try:
            unpublished = any(
                self._databases.one(service, OUTBOX_LEFT, [mark])["n"] for service, mark in marks.outbox.items()
            )
            return not unpublished and not self._due_left(marks) and not self._open_consumers(marks)
        except UNREACHABLE:
            return False

    def _due_left(self, marks: Marks) -> int:
        return sum(self._databases.one(service, DUE_LEFT, [marks.now])["n"] for service in SERVICES)

    def _open_consumers(self, marks: Marks) -> list[str]:
        """Durable consumers that have not done everything up to the marks."""
        found = []
        for stream in self._streams():
            mark = marks.streams.get(stream["name"], 0)
            for consumer in stream.get("consumer_detail") or []:
                if not consumer["config"].get("durable_name"):
                    continue
                idle = not consumer["num_pending"] and not consumer["num_ack_pending"]
                if not idle and consumer["ack_floor"]["stream_seq"] < mark:
                    found.append(consumer["name"])
        return found
