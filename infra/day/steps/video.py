"""A video visit as its two sides live it: waiting room, admission, heartbeats each minute, good-bye."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from infra.day.accounts import Doorman
from infra.day.client import Api, ApiError, Json
from infra.day.context import Day, Visit
from infra.day.steps.coding import code_and_sign
from infra.day.steps.step_01_network import make_account

if TYPE_CHECKING:
    from infra.day.steps.step_06_clinic import ClinicDay

MINUTE = timedelta(minutes=1)


class VideoVisit:
    """One video visit on the day's agenda."""

    def __init__(self, clinic: ClinicDay, visit: Visit, chance: random.Random) -> None:
        self._clinic = clinic
        self._day: Day = clinic.day
        self._visit = visit
        self._chance = chance
        self._doorman = Doorman(self._day.stack.url, self._day.log)
        self._public = self._doorman.stranger()
        self._session_id = ""
        self._patient: Json = {}
        self._clinician: Json = {}
        self._minutes_left = 0

    def plan(self) -> None:
        """The patient comes a few minutes early."""
        early = timedelta(minutes=self._chance.randint(1, 6))
        self._clinic.agenda.at(self._visit.start - early, self.patient_joins)

    def patient_joins(self) -> None:
        """The patient signs in to the portal and enters the waiting room, saying where they are."""
        patient = self._portal()
        sessions = patient.get("/api/v1/telehealth/sessions", appointment_id=self._visit.appointment_id)["sessions"]
        self._session_id = sessions[0]["session_id"]
        token = self._join_token(patient, "ROLE_PATIENT")
        home = self._visit.place.address["state"]
        self._patient = self._join(token, {"patient_state": home, "patient_at_home": self._chance.random() < 0.8})
        self._clinic.step(self._visit, "arrive")
        self._clinic.step(self._visit, "checkIn")
        self._visit.arrived = self._day.time.now
        self._clinic.agenda.at(self._day.time.now + MINUTE, self.patient_waits)
        begin = self._visit.start + timedelta(minutes=self._chance.randint(0, 4))
        self._clinic.agenda.at(begin, self.clinician_joins)

    def patient_waits(self) -> None:
        """The patient's browser says every minute that it is still there."""
        if not self._patient:
            return
        self._heartbeat(self._patient)
        if self._visit.out is None and self._minutes_left == 0:
            self._clinic.agenda.at(self._day.time.now + MINUTE, self.patient_waits)

    def clinician_joins(self) -> None:
        """The clinician comes in and lets the patient in."""
        api = self._day.accounts.clinicians[self._visit.clinician.key]
        self._minutes_left = max(5, round(self._visit.kind.minutes * self._chance.uniform(0.6, 0.95)))
        self._clinician = self._join(self._join_token(api, "ROLE_CLINICIAN"), {})
        participant = self._who_waits(api)
        api.post(f"/api/v1/telehealth/sessions/{self._session_id}/participants/{participant}:admit")
        self._clinic.step(self._visit, "seen", api)
        self._visit.seen = self._day.time.now
        self._heartbeat(self._patient)
        self._clinic.agenda.at(self._day.time.now + MINUTE, self.talk)

    def talk(self) -> None:
        """Both are in; each minute both say so, until they have said everything."""
        self._heartbeat(self._patient)
        self._heartbeat(self._clinician)
        self._minutes_left -= 1
        following = self.talk if self._minutes_left > 1 else self.part
        self._clinic.agenda.at(self._day.time.now + MINUTE, following)

    def part(self) -> None:
        """The patient leaves, the clinician ends the session."""
        self._public.post(
            "/api/v1/telehealth/participants:leave", {"participant_token": self._patient["participant_token"]}
        )
        api = self._day.accounts.clinicians[self._visit.clinician.key]
        api.post(f"/api/v1/telehealth/sessions/{self._session_id}:end")
        self._visit.out = self._day.time.now
        self._clinic.agenda.at(self._day.time.now + 2 * MINUTE, self.write_down, at_rest=True)

    def write_down(self) -> None:
        """Codes, signature, check-out; the session's record has reached billing by now."""
        code_and_sign(self._day, self._visit, self._chance, sign=not self._visit.signs_late)
        self._clinic.count("signed_late" if self._visit.signs_late else "signed_at_once")
        self._clinic.step(self._visit, "checkOut")
        self._visit.fate = "done"

    def _who_waits(self, api: Api) -> str:
        """The patient in the waiting room, as the clinician's screen shows it."""
        room = api.get(f"/api/v1/telehealth/sessions/{self._session_id}")
        (patient,) = [each for each in room["participants"] if each["role"] == "ROLE_PATIENT"]
        return str(patient["participant_id"])

    def _portal(self) -> Api:
        """The patient's own account, made by the practice when the video visit was booked."""
        person = self._visit.person
        login = f"patient-{person.patient_id[-12:]}"
        name = f"{person.given} {person.family}"
        try:
            make_account(self._day.accounts.owner, login, name, ["ROLE_PATIENT"], [person.patient_id])
        except ApiError as refused:
            if refused.reason != "LOGIN_TAKEN":  # with fewer people than visits, people come again
                raise
        return self._doorman.person(self._day.cast.slug, login)

    def _join_token(self, api: Api, role: str) -> str:
        made = api.post(f"/api/v1/telehealth/sessions/{self._session_id}/join-tokens", {"role": role})
        return str(made["token"])

    def _join(self, token: str, more: Json) -> Json:
        body: Json = {"token": token, "media": "MEDIA_VIDEO", **more}
        return self._public.post("/api/v1/telehealth/sessions:join", body)

    def _heartbeat(self, participant: Json) -> None:
        body = {"participant_token": participant["participant_token"], "media": "MEDIA_VIDEO"}
        self._public.post("/api/v1/telehealth/participants:heartbeat", body)
