"""What people do with the network, each over its public API: look for a time, hold it, book it, move it, give it up, wait, answer."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from infra.day.client import Api, ApiError, Json
from infra.day.clock import BusinessTime
from infra.day.world import day_message
from infra.fortnight.tally import Tally, Visit
from infra.load.network import Organisation

# Of ten who book, so many hold the time first, and so many of a hundred of these then think better of it.
HOLD_FIRST = 0.25
ABANDON = 0.1
ACCEPT, DECLINE = 0.55, 0.25
OFFERED = 20
NONE: frozenset[str] = frozenset()
# Refusals that say that somebody else was quicker, or that the patient has another visit then.
LOST_THE_RACE = frozenset({"SLOT_TAKEN", "PATIENT_BUSY"})
LOST_HOLD = frozenset({"SLOT_TAKEN", "HOLD_EXPIRED"})


def instant(text: str) -> datetime:
    """An API timestamp as an aware instant."""
    return datetime.fromisoformat(text)


@dataclass
class Desk:
    """The network's front desks and its patients, in one."""

    organisation: Organisation
    api: Api
    time: BusinessTime
    first_day: date
    last_day: date
    type_id: str
    patient_ids: list[str]
    tally: Tally
    # Who has asked to be put on the waitlist: once is enough.
    waiting: set[str] = field(default_factory=set)

    def book(self, seed: int) -> None:
        """Somebody looks for a time with one practitioner, and books one of those offered, or waits for one."""
        dice = random.Random(seed)
        practitioner, patient_id = (
            dice.randrange(len(self.organisation.practitioner_ids)),
            dice.choice(self.patient_ids),
        )
        slots = self.search(practitioner, patient_id=patient_id)
        if not slots:
            self.wait(self.organisation.location_of(practitioner), patient_id)
            return
        slot = dice.choice(slots)
        wanted = {name: slot[name] for name in ("appointment_type_id", "practitioner_id", "location_id", "start_time")}
        if dice.random() < HOLD_FIRST:
            self._hold_and_book(dice, practitioner, patient_id, wanted)
            return
        self._book(practitioner, {"patient_id": patient_id, **wanted})

    def search(self, practitioner: int, limit: int = OFFERED, **more: Any) -> list[Json]:
        """Free times of a practitioner (by number) until the fortnight's end."""
        body = {
            "appointment_type_ids": [self.type_id],
            "practitioner_ids": [self.organisation.practitioner_ids[practitioner]],
            "dates": {"start": day_message(self.first_day), "end": day_message(self.last_day)},
            "limit": limit,
        }
        self.tally.count("searches")
        return list(self.api.post("/api/v1/slots:search", body | more).get("slots", []))

    def move(self, visit: Visit, seed: int) -> None:
        """Somebody asks for another time with the same practitioner; their own counts as free."""
        slots = self.search(visit.practitioner, moving_appointment_id=visit.id)
        slots = [slot for slot in slots if instant(slot["start_time"]) != visit.start]
        if not slots:
            return
        start = random.Random(seed).choice(slots)["start_time"]
        if self._done("moved", f"/api/v1/appointments/{visit.id}:move", {"start_time": start}):
            self.tally.booked(Visit(visit.id, visit.practitioner, instant(start)))

    def cancel(self, visit: Visit) -> None:
        """Somebody gives their visit up."""
        if self._done(
            "cancelled", f"/api/v1/appointments/{visit.id}:cancel", {"reason": "CANCELLATION_REASON_PATIENT"}
        ):
            self.tally.gone(visit.id)

    def wait(self, location_id: str, patient_id: str) -> None:
        """Somebody would take any time at a location."""
        if patient_id in self.waiting or self.time.now.date() > self.last_day:
            return
        self.waiting.add(patient_id)
        body = {
            "patient_id": patient_id,
            "appointment_type_id": self.type_id,
            "location_ids": [location_id],
            "dates": {"end": day_message(self.last_day)},
        }
        self._done("joined the waitlist", "/api/v1/waitlist-entries", body)

    def open_offers(self) -> list[Json]:
        """What is being offered to whom."""
        return list(self.api.pages("/api/v1/waitlist-offers", "offers"))

    def answer(self, offer: Json, seed: int) -> None:
        """Somebody takes an offered time, leaves it to others, or says nothing."""
        chance = random.Random(seed).random()
        if chance > ACCEPT + DECLINE:
            self.tally.count("offers not answered")
            return
        path = f"/api/v1/waitlist-offers/{offer['waitlist_offer_id']}"
        if chance > ACCEPT:
            self._done("offers declined", f"{path}:decline", {}, frozenset({"OFFER_CLOSED"}))
            return
        visit = self._done("offers accepted", f"{path}:accept", {}, frozenset({"OFFER_CLOSED"}))
        if visit:
            self._keep(visit)

    def _hold_and_book(self, dice: random.Random, practitioner: int, patient_id: str, wanted: Json) -> None:
        hold = self._done("held", "/api/v1/holds", {**wanted, "patient_id": patient_id})
        if not hold:
            return
        if dice.random() < ABANDON:
            self.tally.count("holds left to expire")
            return
        body = {"patient_id": patient_id, "hold_id": hold["hold_id"]}
        refusal = self._book(practitioner, body, frozenset({"HOLD_EXPIRED"}))
        # That the patient was booked elsewhere meanwhile is no fault of the hold.
        if refusal in LOST_HOLD and self.time.now < instant(hold["expires_at"]):
            self.tally.count("lost holds")

    def _book(self, practitioner: int, body: Json, refusals: frozenset[str] = NONE) -> str:
        """Books; returns the reason of a refusal that belongs to life, else nothing."""
        visit, refusal = self._tried("booked", "/api/v1/appointments", body, refusals)
        if visit:
            self.tally.booked(Visit(visit["appointment_id"], practitioner, instant(visit["start_time"])))
        return refusal

    def _keep(self, visit: Json) -> None:
        practitioner = self.organisation.practitioner_ids.index(visit["practitioner_id"])
        self.tally.booked(Visit(visit["appointment_id"], practitioner, instant(visit["start_time"])))

    def _done(self, what: str, path: str, body: Json, refusals: frozenset[str] = NONE) -> Json | None:
        """The answer, counted; None for a refusal that belongs to life."""
        return self._tried(what, path, body, refusals)[0]

    def _tried(self, what: str, path: str, body: Json, refusals: frozenset[str]) -> tuple[Json | None, str]:
        """The answer or the reason of a refusal that belongs to life, counted. Any other refusal is raised."""
        try:
            answer = self.api.post(path, body)
        except ApiError as error:
            if error.reason not in LOST_THE_RACE | refusals:
                raise
            self.tally.count(f"refused: {error.reason}")
            return None, error.reason
        self.tally.count(what)
        return answer, ""
