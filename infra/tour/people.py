"""Who walks: every role of the demo's clinic, a patient, somebody with a link to a video visit, somebody who is nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from playwright.sync_api import Page

from infra.day.accounts import DEMO_PASSWORD
from infra.day.world import CLINICIANS, TENANT

# Roles without an account in the demo get one, named after them.
MADE = {
    "manager": "ROLE_PRACTICE_MANAGER",
    "scheduler": "ROLE_SCHEDULER",
    "nurse": "ROLE_NURSE",
    "auditor": "ROLE_AUDITOR",
}
STAFF = ("owner", "desk-harbor", "biller", CLINICIANS[0].key, *MADE)
SECONDS = 30


@dataclass(frozen=True)
class Walker:
    """Somebody who walks: where they begin, and what lies within their site."""

    name: str
    start: str
    site: tuple[str, ...]
    login: str = ""


class Owner:
    """The demo's owner over the public API."""

    def __init__(self, url: str) -> None:
        self._url = url
        body = {"tenant": TENANT, "login": "owner", "password": DEMO_PASSWORD}
        answer = requests.post(f"{url}/api/v1/sessions", json=body, timeout=SECONDS)
        answer.raise_for_status()
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(self, path: str) -> Any:
        """The JSON of an answer. Raises requests' own error when it is refused."""
        answer = requests.get(f"{self._url}/api{path}", headers=self._headers, timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, key: str, **body: Any) -> requests.Response:
        """A change under a key of its own, so that a second tour changes nothing."""
        headers = self._headers | {"Idempotency-Key": key}
        return requests.post(f"{self._url}/api{path}", json=body, headers=headers, timeout=SECONDS)


def everybody(url: str) -> list[Walker]:
    """Makes the accounts that are missing and answers all who walk."""
    owner = Owner(url)
    for login, role in MADE.items():
        _account(owner, login, {"roles": [role]})
    found = [Walker(login, "/console", ("/console",), login) for login in STAFF]
    patient = _patient(owner)
    login = f"tour-{patient[-8:]}"
    _account(owner, login, {"roles": ["ROLE_PATIENT"], "patient_ids": [patient]})
    portal = f"/portal/{TENANT}"
    found.append(Walker("patient", portal, (portal, "/clinics"), login))
    found.append(Walker("nobody", "/", ("/clinics", "/console/sign-in", f"{portal}/sign-in", "/video")))
    found += [Walker("video", f"/video#{token}", ("/video",)) for token in _video_token(owner)]
    return found


def sign_in(page: Page, walker: Walker) -> None:
    """Signs a walker in at the door of their site."""
    portal = walker.start.startswith("/portal")
    page.goto(f"{walker.start}/sign-in" if portal else "/console/sign-in")
    if portal and not page.locator("#login").is_visible():
        page.locator("details:has(#login) > summary").click()
    if not portal:
        page.fill("#tenant", TENANT)
    page.fill("#login", walker.login)
    page.fill("#password", DEMO_PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(lambda address: "sign-in" not in address)


def _account(owner: Owner, login: str, more: dict[str, Any]) -> None:
    answer = owner.post("/v1/users", f"tour-{login}", login=login, name=login.title(), password=DEMO_PASSWORD, **more)
    if answer.status_code >= 300 and answer.json().get("reason") != "LOGIN_TAKEN":
        answer.raise_for_status()


def _patient(owner: Owner) -> str:
    """A patient with a visit today."""
    for place in owner.get("/v1/locations")["locations"]:
        visits = owner.get(f"/v1/locations/{place['location_id']}/day").get("visits", [])
        if visits:
            return str(visits[0]["appointment"]["patient_id"])
    raise LookupError("nobody has a visit today: the tour walks on seeded data (make run, make tour)")


def _video_token(owner: Owner) -> list[str]:
    """A link to a video visit of today, if there is one that may be joined."""
    now = datetime.now(UTC)
    until = (now + timedelta(hours=12)).isoformat()
    query = {"start_from": (now - timedelta(hours=1)).isoformat(), "start_before": until, "page_size": "50"}
    path = "/v1/telehealth/sessions?" + "&".join(
        f"{name}={requests.utils.quote(value)}" for name, value in query.items()
    )
    for session in owner.get(path).get("sessions", []):
        answer = owner.post(
            f"/v1/telehealth/sessions/{session['session_id']}/join-tokens",
            f"tour-{session['session_id']}",
            role="ROLE_PATIENT",
            as_link=True,
        )
        if answer.ok:
            return [str(answer.json()["token"])]
    return []
