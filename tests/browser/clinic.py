"""The demo clinic as the browser tests know it, and a day of today in it, made over the API."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import requests
from infra.day.accounts import DEMO_PASSWORD
from infra.day.world import TENANT

# How far the first visits of the day have come.
FLOW = (
    ("arrive", "checkIn", "room", "seen", "checkOut"),
    ("arrive", "checkIn", "room", "seen"),
    ("arrive", "checkIn", "room"),
    ("checkIn",),
    ("arrive",),
)
VISITS = 10
STAFF = 3


@dataclass
class Clinic:
    """One running system and its owner's token."""

    url: str
    tenant: str = TENANT
    password: str = DEMO_PASSWORD
    _headers: dict[str, str] = field(default_factory=dict)

    def call(self, verb: str, path: str, **body: Any) -> Any:
        """One request of the owner; the JSON of its answer. Raises requests' own error when it is refused."""
        if not self._headers:
            signed = requests.post(
                f"{self.url}/api/v1/sessions",
                json={"tenant": self.tenant, "login": "owner", "password": self.password},
                timeout=10,
            )
            self._headers = {"Authorization": f"Bearer {signed.json()['access_token']}"}
        answer = requests.request(
            verb,
            f"{self.url}/api{path}",
            json=body or None,
            timeout=20,
            headers=self._headers | {"Idempotency-Key": str(uuid.uuid4())},
        )
        answer.raise_for_status()
        return answer.json()

    @property
    def harbor(self) -> dict[str, Any]:
        """The location the tests work at."""
        found: dict[str, Any] = next(
            each for each in self.call("GET", "/v1/locations")["locations"] if "Harbor" in each["name"]
        )
        return found


def fill_today(clinic: Clinic) -> None:
    """Opens the clinic all of today, whatever weekday it is, and books visits that have come differently far."""
    here = clinic.harbor
    today = datetime.now(UTC).astimezone(ZoneInfo(here["time_zone"])).date()
    day = {"year": today.year, "month": today.month, "day": today.day}
    whole = {
        "location_id": here["location_id"],
        "dates": {"start": day, "end": day},
        "starts_minute": 0,
        "ends_minute": 1440,
    }
    staff = [
        each
        for each in clinic.call("GET", "/v1/practitioners?page_size=100")["practitioners"]
        if here["location_id"] in each["location_ids"]
    ]
    for each in [{}, *({"practitioner_id": person["practitioner_id"]} for person in staff[:STAFF])]:
        clinic.call(
            "POST",
            "/v1/schedule-exceptions",
            kind="SCHEDULE_EXCEPTION_KIND_OPEN_EXTRA",
            reason="test day",
            **whole,
            **each,
        )
    kind = next(
        each for each in clinic.call("GET", "/v1/appointment-types")["appointment_types"] if each["code"] == "follow-up"
    )
    people = clinic.call("POST", "/v1/patients:search", query="m,", page_size=VISITS)["patients"]
    made = []
    for person in people:
        wish = {
            "appointment_type_ids": [kind["appointment_type_id"]],
            "location_ids": [here["location_id"]],
            "patient_id": person["patient_id"],
        }
        found = clinic.call("POST", "/v1/slots:search", **wish, dates={"start": day}, limit=1)["slots"]
        if not found:
            continue
        slot = {
            name: found[0][name] for name in ("appointment_type_id", "practitioner_id", "location_id", "start_time")
        }
        made.append(
            clinic.call("POST", "/v1/appointments", patient_id=person["patient_id"], reason="knee pain", **slot)
        )
    made.sort(key=lambda each: str(each["start_time"]))
    for visit, steps in zip(made, FLOW, strict=False):
        for step in steps:
            clinic.call("POST", f"/v1/appointments/{visit['appointment_id']}:{step}", version="0")
