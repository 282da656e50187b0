"""The clinics' never-ending working day: people book, come, pay, are seen, coded and checked out; others book ahead, move or
cancel; the billing office fetches what the payers send. Everything through the public API, from several desks at once.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Final

from infra.chaos.clinics import Clinic
from infra.chaos.gate import Gate
from infra.day.client import Api, ApiError, Json
from infra.day.context import Visit
from infra.day.steps import step_04_booking
from infra.day.steps.coding import code_and_sign
from infra.day.steps.step_04_booking import Tally, Wish, visit_of
from infra.day.steps.step_06_clinic import GOOD_CARD
from infra.day.world import VISIT_KINDS, dollars

DESKS: Final = 3
# What a desk does next, in per cent.
DOINGS: Final = {"visit": 40, "ahead": 18, "expected": 16, "change": 8, "look": 12, "office": 6}
# Real seconds: between two doings of a desk, and how long one waits until billing has heard of what scheduling did.
PAUSE_SECONDS: Final = 0.1
HEARING_SECONDS: Final = 60.0
SHORT_TENDER_CENTS: Final = 1_500
# Refusals that a busy desk meets every day and answers by doing something else.
EVERYDAY: Final = frozenset({*step_04_booking.TAKEN, "TOO_SOON", "NOT_TODAY", "WRONG_STATUS"})
AHEAD_DAYS: Final = (1, 6)


class Load:
    """All desks of all clinics."""

    def __init__(self, clinics: list[Clinic], seed: int) -> None:
        self._gate = Gate()
        self._clinics = clinics
        self.done: Counter[str] = Counter()
        # Refusals that nobody expects, and what broke a desk's own work: each is a defect.
        self.surprises: list[str] = []
        self._threads = [
            threading.Thread(
                target=self._work, args=(clinic, number, seed), name=f"{clinic.name}-{number}", daemon=True
            )
            for clinic in clinics
            for number in range(DESKS)
        ]
        for thread in self._threads:
            thread.start()

    def resume(self) -> None:
        """Drawers are opened, everybody works."""
        for clinic in self._clinics:
            clinic.open_drawers()
        self._gate.open()

    def rest(self, timeout: float = 90.0) -> bool:
        """Everybody finishes what they have begun, drawers are counted; False when somebody could not."""
        finished = self._gate.close(timeout)
        for clinic in self._clinics:
            clinic.close_drawers()
        return finished

    def end(self) -> None:
        """The last day is over."""
        self._gate.end()
        for thread in self._threads:
            thread.join(5)

    def _work(self, clinic: Clinic, number: int, seed: int) -> None:
        chance = random.Random(f"{seed}/{clinic.name}/{number}")
        desk = Desk(clinic, chance, f"{clinic.name}/{number}")
        while True:
            with self._gate:
                if self._gate.ended:
                    return
                doing = chance.choices(list(DOINGS), list(DOINGS.values()))[0]
                try:
                    desk.do(doing)
                    self.done[doing] += 1
                except ApiError as error:
                    if error.reason not in EVERYDAY:
                        self.surprises.append(f"{clinic.name}, {doing}: {error}")
                except Exception as error:  # noqa: BLE001 (a desk goes on; what broke is told and fails the run)
                    self.surprises.append(f"{clinic.name}, {doing}: {type(error).__name__}: {error}")
            time.sleep(PAUSE_SECONDS)


class Desk:
    """One person at work, with a seed of their own."""

    def __init__(self, clinic: Clinic, chance: random.Random, name: str) -> None:
        self._clinic = clinic
        self._chance = chance
        self._name = name
        self._number = 0
        self._tally = Tally()

    def do(self, doing: str) -> None:
        """One piece of work by its name in ``DOINGS``. Raises ApiError for refusals."""
        match doing:
            case "visit":
                self.walk_in()
            case "ahead":
                self.book_ahead()
            case "expected":
                self.see_expected()
            case "change":
                self.change()
            case "look":
                self.look()
            case "office":
                self.office()

    def walk_in(self) -> None:
        """Somebody calls, comes the same day and goes home again."""
        for visit in self._book(0):
            self._live(visit)

    def book_ahead(self) -> None:
        """Somebody wants a time within the week."""
        for visit in self._book(self._chance.randint(*AHEAD_DAYS)):
            self._clinic.put_off(visit)

    def see_expected(self) -> None:
        """Somebody who booked before comes today."""
        now = self._clinic.day.time.now
        visit = self._clinic.next_ahead(lambda found: abs(found.start - now) < timedelta(hours=6))
        if visit is not None:
            self._live(visit)

    def change(self) -> None:
        """Somebody calls off, or wants another time."""
        now = self._clinic.day.time.now
        visit = self._clinic.next_ahead(lambda found: found.start > now + timedelta(hours=12))
        if visit is None:
            return
        desk = self._clinic.day.accounts.front_desks[visit.place.key]
        if self._chance.random() < 0.5:
            body = {"reason": "CANCELLATION_REASON_PATIENT", "note": "called to cancel"}
            desk.post(f"/api/v1/appointments/{visit.appointment_id}:cancel", body)
            visit.fate = "cancelled"
            return
        wish = Wish((visit.person,), visit.kind, self._seed())
        view = self._clinic.on(visit.start.date())
        slots = step_04_booking.search(view, desk, wish)
        if slots:
            slot = self._chance.choice(slots)
            wanted = {name: slot[name] for name in ("start_time", "practitioner_id", "location_id")}
            moved = desk.post(f"/api/v1/appointments/{visit.appointment_id}:move", wanted)
            after = visit_of(view, moved, visit.person)
            visit.start, visit.end, visit.clinician, visit.place = after.start, after.end, after.clinician, after.place
        self._clinic.put_off(visit)

    def look(self) -> None:
        """The board of the day, a search for a person, somebody's page."""
        day = self._clinic.day
        person = self._chance.choice(day.people)
        desk = day.accounts.front_desks[person.place]
        desk.get(f"/api/v1/locations/{day.cast.locations[person.place]}/day")
        desk.post("/api/v1/patients:search", {"query": f"{person.family[:3]},{person.given[:2]}"})
        desk.get(f"/api/v1/patients/{person.patient_id}")

    def office(self) -> None:
        """The billing office fetches files and reads what it has to do."""
        biller = self._clinic.day.accounts.biller
        if self._clinic.has_insurers:
            biller.post("/api/v1/inbound-files:poll")
        biller.get("/api/v1/work-items", state="open", page_size=50)

    def _book(self, days_ahead: int) -> list[Visit]:
        view = self._clinic.on(self._clinic.today + timedelta(days=days_ahead))
        person = self._chance.choice(view.people)
        child = person.age_on(view.visit_day) < 18
        kinds = [kind for kind in VISIT_KINDS if not child or "pediatrics" in kind.specialties]
        if not days_ahead:
            kinds = [kind for kind in kinds if kind.modality == "MODALITY_IN_PERSON"]
        kind = self._chance.choices(kinds, [kind.share for kind in kinds])[0]
        made = step_04_booking.book(view, Wish((person,), kind, self._seed()), self._tally)
        for visit in made:
            self._clinic.keep(visit)
        return made

    def _live(self, visit: Visit) -> None:
        """One visit from the door to the door."""
        day = self._clinic.day
        desk = day.accounts.front_desks[visit.place.key]
        clinician = day.accounts.clinicians[visit.clinician.key]
        path = f"/api/v1/appointments/{visit.appointment_id}"
        if visit.video or self._chance.random() < 0.05:
            self._miss(visit, desk, path)
            return
        desk.post(f"{path}:arrive")
        desk.post(f"{path}:checkIn")
        self._until_billing_knows(visit)
        self._pay(visit)
        clinician.post(f"{path}:seen")
        self._code(visit)
        desk.post(f"{path}:checkOut")
        visit.fate = "done"

    def _miss(self, visit: Visit, desk: Api, path: str) -> None:
        """Somebody does not come, or says before that they will not."""
        if visit.start <= self._clinic.day.time.now:
            desk.post(f"{path}:noShow")
            visit.fate = "no_show"
        else:
            desk.post(f"{path}:cancel", {"reason": "CANCELLATION_REASON_PATIENT", "note": "cannot come"})
            visit.fate = "cancelled"

    def _pay(self, visit: Visit) -> None:
        """Something is paid at the desk, in cash, by check or by card."""
        day = self._clinic.day
        body: Json = {
            "patient_id": visit.person.patient_id,
            "location_id": day.cast.locations[visit.place.key],
            "amount": dollars(SHORT_TENDER_CENTS),
            "appointment_id": visit.appointment_id,
        }
        tenders = ["CASH", "CHECK", *(["CARD"] if self._clinic.has_insurers else [])]
        tender = self._chance.choice(tenders)
        if tender == "CARD":
            body["card_token"] = day.outside.card_token(GOOD_CARD)
        if tender == "CHECK":
            body["check_number"] = str(self._chance.randrange(1000, 9999))
        desk = day.accounts.front_desks[visit.place.key]
        desk.post("/api/v1/payments", body | {"method": f"PAYMENT_METHOD_{tender}"})

    def _code(self, visit: Visit) -> None:
        """Codes and signature."""
        view = self._clinic.on(visit.start.date())
        chance = random.Random(self._seed())
        while True:
            try:
                code_and_sign(view, visit, chance, sign=True)
                return
            except ApiError as error:
                # Billing has just heard the visit's next step: it is read again.
                if error.reason != "STALE_VERSION":
                    raise

    def _until_billing_knows(self, visit: Visit) -> None:
        """Returns when billing has heard that the patient is here. TimeoutError when it does not hear of it."""
        api = self._clinic.day.accounts.clinicians[visit.clinician.key]
        deadline = time.monotonic() + HEARING_SECONDS
        while time.monotonic() < deadline:
            found = api.get("/api/v1/encounters", appointment_ids=visit.appointment_id).get("encounters", [])
            if found and found[0]["state"] == "ENCOUNTER_STATE_OPEN":
                return
            time.sleep(PAUSE_SECONDS)
        raise TimeoutError(f"billing has not heard of the check-in of {visit.appointment_id}")

    def _seed(self) -> str:
        self._number += 1
        return f"{self._name}/{self._number}"
