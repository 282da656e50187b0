"""Video visits as the browser tests make and watch them: a visit booked for now, people with cameras, what really arrives."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

from infra.day.world import npi
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.clinic import Clinic

CAMERAS = (
    # Five pictures a second are as true as thirty, and leave the machine to the others.
    "--use-fake-device-for-media-stream=fps=5",
    "--allow-loopback-in-peer-connection",
    # A container has no hardware to draw with, and three people in one browser are drawn by two cores.
    "--disable-gpu",
)
ALLOWED = ("--use-fake-ui-for-media-stream",)
DENIED = ("--deny-permission-prompts",)
# Connections are kept where a test can look at them; the page knows nothing of it.
WATCH = """
(() => {
  const Own = window.RTCPeerConnection;
  window.lines = [];
  window.RTCPeerConnection = class extends Own { constructor(...given) { super(...given); window.lines.push(this); } };
})();
"""
PICTURE = """
(tile) => {
  const video = tile.querySelector("video"), canvas = document.createElement("canvas");
  canvas.width = 64; canvas.height = 48;
  const brush = canvas.getContext("2d");
  brush.drawImage(video, 0, 0, 64, 48);
  const dots = brush.getImageData(0, 0, 64, 48).data;
  let lit = 0;
  for (let i = 0; i < dots.length; i += 4) if (dots[i] + dots[i + 1] + dots[i + 2] > 90) lit += 1;
  return { time: video.currentTime, width: video.videoWidth, lit: lit / (64 * 48) };
}
"""
ARRIVED = """
async () => {
  const found = { video: 0, audio: 0, energy: 0, frames: 0, kinds: [] };
  for (const line of window.lines.filter((each) => each.connectionState === "connected")) {
    const report = await line.getStats();
    for (const each of report.values()) {
      if (each.type === "inbound-rtp") {
        found[each.kind] += each.bytesReceived;
        found.energy += each.totalAudioEnergy ?? 0;
        found.frames += each.framesDecoded ?? 0;
      } else if (each.type === "transport" && each.selectedCandidatePairId) {
        const pair = report.get(each.selectedCandidatePairId);
        found.kinds.push(report.get(pair.localCandidateId)?.candidateType, report.get(pair.remoteCandidateId)?.candidateType);
      }
    }
  }
  return found;
}
"""
SOON = 45.0
# Three Chromiums and a whole clinic share two cores here: what is there in a moment on a quiet machine may take a while.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Visit:
    """A visit by video that may be joined now."""

    clinic: Clinic
    session_id: str
    # Where the practitioner is licensed, and their login.
    state: str
    login: str
    patient_name: str

    @property
    def page(self) -> str:
        """The staff's page of it."""
        return f"/console/video/{self.session_id}"

    def ledger(self) -> dict[str, Any]:
        """The record, read through the API."""
        found: dict[str, Any] = self.clinic.call("GET", f"/v1/telehealth/sessions/{self.session_id}/ledger")
        return found

    def session(self) -> dict[str, Any]:
        """The room as staff reads it."""
        found: dict[str, Any] = self.clinic.call("GET", f"/v1/telehealth/sessions/{self.session_id}")
        return found

    def presence(self, role: str) -> list[tuple[str, str]]:
        """(media, how it ended) of each interval of a role, in order."""
        rows = [each for each in self.ledger().get("intervals", []) if each["role"] == f"ROLE_{role}"]
        return [(each["media"][6:], each["ended_by"][len("PRESENCE_END_") :]) for each in rows]


def book(clinic: Clinic, family: str) -> Visit:
    """Registers a patient and a clinician of their own at the harbor, who sees people by video all day, and books now."""
    place = clinic.harbor
    now = datetime.now(ZoneInfo(place["time_zone"]))
    login = f"video-{uuid4().hex[:8]}"
    practitioner = _clinician(clinic, login)
    person = {
        "name": {"family": family, "given": "Vera"},
        "birth_date": {"year": 1979, "month": 5, "day": 4},
        "sex": "SEX_FEMALE",
        "addresses": [{"use": "ADDRESS_USE_HOME", "address": place["address"]}],
    }
    made = clinic.call("POST", "/v1/patients", patient=person, accept_duplicates=True)["patient"]
    kind = clinic.call(
        "POST",
        "/v1/appointment-types",
        code=login,
        name="Video follow-up",
        duration_minutes=20,
        modality="MODALITY_VIDEO",
        start_every_minutes=5,
        practitioner_ids=[practitioner],
    )
    days = [{"year": day.year, "month": day.month, "day": day.day} for day in (now, now + timedelta(days=1))]
    wish = {
        "appointment_type_ids": [kind["appointment_type_id"]],
        "location_ids": [place["location_id"]],
        "patient_id": made["patient_id"],
        "dates": {"start": days[0], "end": days[1]},
        "limit": 1,
    }
    slot = until(lambda: clinic.call("POST", "/v1/slots:search", **wish).get("slots"))[0]
    taken = {name: slot[name] for name in ("appointment_type_id", "practitioner_id", "location_id", "start_time")}
    visit = clinic.call("POST", "/v1/appointments", patient_id=made["patient_id"], **taken)
    path = f"/v1/telehealth/sessions?appointment_id={visit['appointment_id']}"
    session = until(lambda: clinic.call("GET", path).get("sessions"))[0]
    until(lambda: _knows(clinic, session["session_id"]))
    return Visit(clinic, session["session_id"], place["address"]["state"], login, f"Vera {family}")


def _clinician(clinic: Clinic, login: str) -> str:
    """A clinician who works at the harbor around the clock and has an account; their id."""
    place = clinic.harbor
    account = clinic.call(
        "POST",
        "/v1/users",
        login=login,
        name="Dr. Video",
        password=clinic.password,
        roles=["ROLE_CLINICIAN"],
    )
    licence = {
        "state": place["address"]["state"],
        "number": "V1",
        "valid_from": {"year": 2020, "month": 1, "day": 1},
    }
    made = clinic.call(
        "POST",
        "/v1/practitioners",
        name={"family": "Video", "given": "Dora"},
        credential="MD",
        npi=npi(f"1{int(login[-8:], 16) % 10**8:08d}"),
        taxonomy="207Q00000X",
        location_ids=[place["location_id"]],
        licences=[licence],
        account_id=account["account_id"],
        active=True,
    )
    practitioner = str(made["practitioner_id"])
    until(
        lambda: clinic.accepts(
            "POST",
            "/v1/schedule-templates",
            practitioner_id=practitioner,
            location_id=place["location_id"],
            windows=[{"weekday": day, "starts_minute": 0, "ends_minute": 1440} for day in range(1, 8)],
        )
    )
    return practitioner


def _knows(clinic: Clinic, session_id: str) -> bool:
    """Whether telehealth has heard of the clinician: their name is on the room."""
    token = clinic.call("POST", f"/v1/telehealth/sessions/{session_id}/join-tokens", role="ROLE_PATIENT")["token"]
    return bool(clinic.call("POST", "/v1/telehealth/rooms:describe", token=token)["room"].get("host_name"))


def until(look: Callable[[], Any], seconds: float = SOON) -> Any:
    """What `look` finds, as soon as it is true."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {look}"
        time.sleep(0.2)


@dataclass
class People:
    """Browsers of the people of one visit, each apart from the others; what their pages complain of is kept."""

    browser: Browser
    clinic: Clinic
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def somebody(self, *, narrow: bool = False, language: str = "en-US", height: int = 900) -> Page:
        """A new person with a browser of their own."""
        size = {"width": 390, "height": 844} if narrow else {"width": 1440, "height": height}
        context = self.browser.new_context(viewport=size, locale=language, base_url=self.clinic.url)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        return page

    def staff(self, login: str, *, narrow: bool = False) -> Page:
        """Somebody of the clinic, signed in to the console."""
        page = self.somebody(narrow=narrow)
        page.goto("/console/sign-in")
        page.fill("#tenant", self.clinic.tenant)
        page.fill("#login", login)
        page.fill("#password", self.clinic.password)
        page.press("#password", "Enter")
        page.wait_for_url(re.compile(r"/console/(?!sign-in)"))
        return page

    def close(self) -> None:
        """Closes every browser."""
        for context in self.contexts:
            context.close()


@contextmanager
def people_of(browser: Browser, clinic: Clinic) -> Iterator[People]:
    """People for one test; at its end no page may have complained of anything."""
    people = People(browser, clinic)
    yield people
    people.close()
    # A browser says so itself when a request is refused or cut off: the tests do both on purpose.
    asked_for = ("Failed to load resource", "ERR_")
    told = [each for each in people.complaints if not any(word in each for word in asked_for)]
    assert told == [], told


def link_for(staff: Page, visit: Visit, guest: str = "") -> str:
    """Has the console make a link, for the patient or for a guest, and reads it off the page."""
    staff.goto(visit.page)
    if guest:
        staff.fill("#display_name", guest)
    staff.get_by_role("button", name="A link for the guest" if guest else "A link for the patient").click()
    link = staff.locator("#link").input_value()
    assert urlsplit(link).path == "/video"
    return f"/video#{urlsplit(link).fragment}"


def come_as_clinician(page: Page, visit: Visit, *, relayed: bool = False) -> None:
    """From the visit's page into the room."""
    page.goto(visit.page)
    page.get_by_role("button", name="Come in").first.click()
    page.wait_for_url(re.compile(r"/video$"))
    expect(page.locator("#state-camera")).to_have_attribute("data-state", "good", timeout=PATIENCE_MS)
    if relayed:
        only_relayed(page)
    page.locator("#join").click()
    expect(page.locator("#stage")).to_be_visible()


def come_by_link(page: Page, link: str, state: str = "", *, relayed: bool = False) -> None:
    """From a link to the waiting room; a patient says where they are."""
    page.goto(link)
    expect(page.locator("#state-camera")).to_have_attribute("data-state", "good", timeout=PATIENCE_MS)
    if relayed:
        only_relayed(page)
    if state:
        page.select_option("#state", state)
    page.check("#consent")
    page.locator("#join").click()
    expect(page.locator("#waiting-for")).to_be_visible()


def only_relayed(page: Page) -> None:
    """Chooses the relay alone."""
    page.get_by_text("When the picture keeps freezing").click()
    page.check("#relay-only")


def let_in(clinician: Page, name: str) -> None:
    """The clinician lets somebody in who waits."""
    if not clinician.locator("#panel-people").is_visible():
        clinician.locator("#open-people").click()
    clinician.get_by_role("button", name=f"Let in: {name}").click()


def sees(page: Page, who: str, seconds: float = SOON) -> dict[str, Any]:
    """Waits until somebody's tile shows a moving picture that is not black; the last look at it."""
    tile = page.locator(f"video-tile[data-who='{who}']")
    tile.wait_for()
    first = tile.evaluate(PICTURE)

    def moving() -> Any:
        now = tile.evaluate(PICTURE)
        return now if now["time"] > first["time"] and now["width"] > 0 and now["lit"] > 0.2 else None

    found: dict[str, Any] = until(moving, seconds)
    return found


def hears_and_sees(page: Page, seconds: float = SOON) -> dict[str, Any]:
    """Waits until picture and sound have really arrived since now, by the browser's own counts; the counts."""
    before = page.evaluate(ARRIVED)

    def more() -> Any:
        now = page.evaluate(ARRIVED)
        return now if all(now[each] > before[each] for each in ("video", "audio", "energy", "frames")) else None

    found: dict[str, Any] = until(more, seconds)
    return found
