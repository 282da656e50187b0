"""The pages of video visits: the room, which is public and knows nothing by itself, and the staff's pages of who was in it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from polyclinic.identity.v1 import identity_pb2

from chassis.clock import real_now
from gateway.video import texts
from gateway.video.routes import PUBLIC, staff_table
from gateway.video.staff import Staff
from gateway.web.i18n import LANGUAGES, Languages
from tests.console.house import PASSWORD, Browser, House, parts, patient

SCRIPTS = Path(texts.__file__).resolve().parent.parent / "web" / "js" / "video"
HOSTS, SENDERS, READERS = ("doctor", "nurse"), ("owner", "manager", "desk"), ("scheduler", "biller", "auditor")


@pytest.fixture(scope="module")
def session_id(house: House) -> str:
    """The room of a visit by video that is about to begin."""
    call = house.api()
    kind = call(
        "POST",
        "/v1/appointment-types",
        code="video",
        name="Video follow-up",
        duration_minutes=20,
        modality="MODALITY_VIDEO",
        start_every_minutes=5,
    )
    who = patient(house, "Webber", "Vida")
    today = real_now().date()
    wish = {
        "appointment_type_ids": [kind["appointment_type_id"]],
        "location_ids": [house.ids["location"]],
        "patient_id": who,
        "dates": {"start": parts(today - timedelta(days=1)), "end": parts(today + timedelta(days=2))},
        "limit": 1,
    }
    slot = call("POST", "/v1/slots:search", **wish)["slots"][0]
    taken = {name: slot[name] for name in ("appointment_type_id", "practitioner_id", "location_id", "start_time")}
    visit = call("POST", "/v1/appointments", patient_id=who, **taken)
    house.carry()
    # Others may have taken the next hours: it is just before the visit.
    house.harnesses["telehealth"].clock.set(datetime.fromisoformat(slot["start_time"]) - timedelta(minutes=5))
    (found,) = call("GET", f"/v1/telehealth/sessions?appointment_id={visit['appointment_id']}")["sessions"]
    return str(found["session_id"])


def public(house: House, path: str, **body: Any) -> Any:
    """A request that only its signed token proves."""
    return house.gateway.test_client().post(f"/api{path}", json=body)


def link_of(browser: Browser) -> str:
    """The token of the link that a page shows."""
    found = re.search(r'value="[^"]+/video#([^"]+)"', browser.html)
    assert found is not None, browser.text[-600:]
    return found[1]


def test_the_room_is_one_page_for_everybody(house: House) -> None:
    """The same page whoever opens it: nothing of a visit is in it, and the browser may use camera and microphone for it alone."""
    nobody, doctor = house.browser().get("/video"), house.browser("doctor").get("/video")
    assert (nobody.status, doctor.status) == (200, 200)
    strip = re.compile(r'<input type="hidden"[^>]*>')
    assert strip.sub("", nobody.html) == strip.sub("", doctor.html)
    policy = nobody.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "camera=(self)" in nobody.headers["Permissions-Policy"]
    assert nobody.headers["Referrer-Policy"] == "no-referrer"


def test_the_room_speaks_the_readers_language(house: House) -> None:
    """By the browser's wish, and by a choice on the page that stays."""
    browser = house.browser(language="es").get("/video")
    assert "Visita por video" in browser.text
    english = house.browser(language="en").get("/video")
    english.post("/video/language", language="es")
    assert "Visita por video" in english.get("/video").text


def test_every_text_the_script_says_is_there_in_every_language() -> None:
    """A key that the script uses is in the table, each is translated, and none is left that nobody says."""
    script = "\n".join(path.read_text() for path in SCRIPTS.glob("*.js"))
    page = (Path(texts.__file__).resolve().parent / "templates" / "room.html").read_text()
    said = set(re.findall(r'say\("(\w+)"', script)) | set(re.findall(r"said\.(\w+)", page))
    assert said - set(texts.TEXTS) == set()
    made = [re.escape(each) for each in re.findall(r"`([^`\s]+)`", script)]
    patterns = [re.sub(r"\\\$\\\{.*?\\\}", r"\\w+", each) for each in made]
    quoted = set(re.findall(r'"(\w+)"', script))
    unsaid = {
        key for key in texts.TEXTS if key not in said | quoted and not any(re.fullmatch(each, key) for each in patterns)
    }
    assert unsaid == set()
    for tag in LANGUAGES:
        spoken = Languages().choose(tag, []).texts
        assert all(spoken.gettext(text) for text in texts.TEXTS.values())
        if tag != "en":
            same = {key for key, text in texts.TEXTS.items() if spoken.gettext(text) == text}
            assert same == set(), tag


def test_a_patients_link_leads_to_the_waiting_room_without_an_account(house: House, session_id: str) -> None:
    """The desk makes it, it is told once, and it opens this one visit; who holds it waits."""
    browser = house.browser("desk").get(f"/console/video/{session_id}")
    assert "Webber, Vida" in browser.text
    browser.post(f"/console/video/{session_id}/link", role="patient")
    assert browser.status == 200
    token = link_of(browser)
    told = public(house, "/v1/telehealth/rooms:describe", token=token).get_json()["room"]
    assert (told["session_id"], told["role"], told["host_name"]) == (session_id, "ROLE_PATIENT", "Ada Okafor, MD")
    joined = public(
        house,
        "/v1/telehealth/sessions:join",
        token=token,
        media="MEDIA_VIDEO",
        patient_state="NY",
        consented=True,
    )
    assert joined.status_code == 200, joined.get_json()
    assert joined.get_json()["participant"]["state"] == "PARTICIPANT_STATE_WAITING"
    assert token not in browser.get(f"/console/video/{session_id}").html
    assert "waits" in browser.text


def test_a_guests_link_works_once(house: House, session_id: str) -> None:
    """The first browser is let to the door, a second is told why not."""
    browser = house.browser("desk").get(f"/console/video/{session_id}")
    browser.post(f"/console/video/{session_id}/link", role="guest", display_name="Interpreter")
    token = link_of(browser)
    first = public(house, "/v1/telehealth/sessions:join", token=token, media="MEDIA_AUDIO", device_key="one")
    second = public(house, "/v1/telehealth/sessions:join", token=token, media="MEDIA_AUDIO", device_key="two")
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.get_json()["reason"] == "LINK_USED"


def test_a_clinician_is_led_in_with_the_token_behind_the_hash(house: House, session_id: str) -> None:
    """No server, proxy or log is told the token: it stands where a browser keeps it to itself."""
    browser = house.browser("doctor").get(f"/console/video/{session_id}")
    browser.post(f"/console/video/{session_id}/join", follow=False)
    assert browser.status == 303
    path, hash_, token = browser.headers["Location"].partition("#")
    assert (path, hash_) == ("/video", "#")
    told = public(house, "/v1/telehealth/rooms:describe", token=token).get_json()["room"]
    assert told["role"] == "ROLE_CLINICIAN"


@pytest.mark.parametrize("role", [*HOSTS, *SENDERS, *READERS])
def test_each_role_has_what_is_its_own(house: House, session_id: str, role: str) -> None:
    """Hosts come in and end, those at the desk send links, whoever may read sees the record; nobody else is shown a way."""
    browser = house.browser(role).get(f"/console/video/{session_id}")
    may = {
        name
        for name, words in {"join": "Come in", "end": "End for everybody", "link": "A link for the patient"}.items()
        if words in browser.text
    }
    forms = {name for name in ("join", "end", "link") if f'action="/console/video/{session_id}/{name}"' in browser.html}
    assert may == forms
    for name in {"join", "end", "link"} - may:
        token = re.search(r'name="csrf_token" value="([^"]+)"', browser.html)
        assert token is not None
        answer = browser.client.post(
            f"/console/video/{session_id}/{name}", data={"csrf_token": token[1], "role": "patient"}
        )
        assert answer.status_code == 403, (role, name)
    if role in HOSTS:
        assert "join" in may
    if role in SENDERS:
        assert "link" in may
    if browser.status != 200:
        assert browser.status == 403
        assert may == set()


def test_the_days_list_leads_to_its_visits(house: House, session_id: str) -> None:
    """A day's video visits by time, with the way in; a day without any says so."""
    browser = house.browser("doctor")
    visit = house.api()("GET", f"/v1/telehealth/sessions/{session_id}")
    browser.get(f"/console/video?date={visit['start_time'][:10]}")
    near = browser.html + browser.get("/console/video?date=t-1").html + browser.get("/console/video").html
    assert f"/console/video/{session_id}" in near
    assert "No video visits on this day." in browser.get("/console/video?date=t+40").text


def test_another_tenant_another_location_a_patient(house: House, session_id: str) -> None:
    """The visit is unknown to another clinic and to a colleague of another location; patients have no console."""
    operator = house.harnesses["identity"].client(None, ["platform.operate"])
    slug = house.slug.replace("console", "elsewhere")
    operator.call(
        "CreateTenant",
        identity_pb2.CreateTenantRequest(
            slug=slug, name="Elsewhere", owner_login="owner", owner_name="E", owner_password=PASSWORD
        ),
    )
    foreign = house.browser()
    foreign.slug = slug
    foreign.sign_in("owner")
    for browser in (foreign, house.browser("mesa-desk")):
        assert browser.get(f"/console/video/{session_id}").status == 404
        token = re.search(r'name="csrf_token" value="([^"]+)"', browser.html)
        assert token is not None
        for name in ("link", "join", "end"):
            sent = browser.client.post(
                f"/console/video/{session_id}/{name}", data={"csrf_token": token[1], "role": "patient"}
            )
            assert sent.status_code in (403, 404), name
    assert house.browser().get(f"/console/video/{session_id}").path.startswith("/console/sign-in")


def test_the_table_is_all_there_is() -> None:
    """Only the room and the choice of its language are public."""
    assert {(verb, path) for verb, path, _ in PUBLIC} == {("GET", "/video"), ("POST", "/video/language")}
    assert all(path.startswith("/console/video") for _, path, _ in staff_table(Staff("")))
