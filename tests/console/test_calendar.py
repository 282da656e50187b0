"""The calendar: moving a visit with the free times before one's eyes, the way back, offers, the day on paper."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from gateway.console import calendar
from tests.console.house import ZONE, Browser, House, patient, visit


def day_of(appointment: dict[str, str]) -> str:
    """The visit's day at its location."""
    return datetime.fromisoformat(appointment["start_time"]).astimezone(ZoneInfo(ZONE)).date().isoformat()


def moving(house: House, appointment: dict[str, str], login: str = "desk") -> Browser:
    """The calendar of the visit's day with the times it could go to."""
    day, visit_id = day_of(appointment), appointment["appointment_id"]
    return house.browser(login).get(f"/console/calendar?date={day}&move={visit_id}&location={house.ids['location']}")


def times(browser: Browser) -> list[str]:
    """The values of the free times that are offered as buttons."""
    return re.findall(r'form="move" name="to" value="([^"]+)"', browser.html)


def test_a_visit_is_moved_on_the_calendar_and_back(house: House) -> None:
    """M on a visit shows the free times as buttons; one of them moves it and leads back to the calendar; Undo puts it where it was."""
    made = visit(house, patient(house, "Mover", "Mia"))
    browser = moving(house, made)
    assert "Moving Mover, Mia" in browser.text
    path = f"/console/visits/{made['appointment_id']}/move"
    wanted = times(browser)[-1]
    browser.post(path, to=wanted)
    assert "Moved to" in browser.text
    assert browser.path == "/console/calendar"
    found = house.api()("GET", f"/v1/appointments/{made['appointment_id']}")
    assert datetime.fromisoformat(found["start_time"]) == datetime.fromisoformat(wanted.split(" ")[1])
    undo = re.search(r'action="(/console/visits/[^"]+/unmove[^"]*)"', browser.html)
    assert undo
    browser.post(undo[1].replace("&amp;", "&"))
    assert "Moved back." in browser.text
    assert house.api()("GET", f"/v1/appointments/{made['appointment_id']}")["start_time"] == made["start_time"]


def test_a_time_that_was_taken_meanwhile_is_said(house: House) -> None:
    """Whoever moves a visit to a time that somebody else has just taken stays on the calendar and reads why."""
    made = visit(house, patient(house, "Late", "Leo"))
    browser = moving(house, made)
    wanted = times(browser)[-1]
    taken = {"appointment_type_id": house.ids["type"], "location_id": house.ids["location"]}
    who, start = wanted.split(" ")
    other = patient(house, "Early", "Eva")
    house.api()("POST", "/v1/appointments", patient_id=other, practitioner_id=who, start_time=start, **taken)
    house.carry()
    browser.post(f"/console/visits/{made['appointment_id']}/move", to=wanted)
    assert "Not moved:" in browser.text
    assert browser.path == "/console/calendar"


def test_the_hand_that_drags_knows_where_it_may_let_go(house: House) -> None:
    """The free times of a dragged visit come with their column, day and row; those who may not move see no handle."""
    made = visit(house, patient(house, "Dragged", "Dan"))
    browser = moving(house, made)
    handle = re.search(rf'data-visit="{made["appointment_id"]}" data-version="(\d+)"', browser.html)
    assert handle
    day = day_of(made)
    found = browser.client.get(f"/console/visits/{made['appointment_id']}/free?first={day}&last={day}").get_json()
    who, when, row, start, _clock = found["slots"][0]
    assert (who, when) == (house.ids["practitioner"], day)
    local = datetime.fromisoformat(start).astimezone(ZoneInfo(ZONE))
    assert row == (local.hour * 60 + local.minute) // 5
    assert "data-visit" not in house.browser("auditor").get(f"/console/calendar?date={day}").html


def test_a_day_of_many_clinicians_is_drawn_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Visits beyond the first page of the service's list stand on the calendar, too; when there are more than can be drawn, it says so."""
    booked = {family: visit(house, patient(house, family, "Max")) for family in ("Manyone", "Manytwo", "Manythree")}
    # The next free times: of three, two at least are on one day.
    day, _count = Counter(map(day_of, booked.values())).most_common(1)[0]
    path = f"/console/calendar?date={day}&location={house.ids['location']}"
    monkeypatch.setattr(calendar, "VISITS_AT_ONCE", 1)
    shown = house.browser("desk").get(path).text
    assert {family for family in booked if family in shown} == {
        name for name, at in booked.items() if day_of(at) == day
    }
    assert "Not all visits" not in shown
    monkeypatch.setattr(calendar, "MOST_VISITS", 1)
    assert "Not all visits of these days are drawn" in house.browser("desk").get(path).text


def test_the_day_on_paper(house: House) -> None:
    """The day sheet lists each clinician's visits in order, without those that are cancelled."""
    kept = visit(house, patient(house, "Paper", "Pia"))
    gone = visit(house, patient(house, "Gone", "Gus"))
    house.api()(
        "POST", f"/v1/appointments/{gone['appointment_id']}:cancel", reason="CANCELLATION_REASON_PATIENT", version="0"
    )
    browser = house.browser("desk").get(f"/console/calendar?date={day_of(kept)}")
    link = re.search(r'href="(/console/calendar/sheet[^"]*)"', browser.html)
    assert link
    assert parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)["date"] == [day_of(kept)]
    browser.get(link[1].replace("&amp;", "&"))
    assert "Paper, Pia" in browser.text
    assert "Okafor" in browser.text
    assert "Gone, Gus" not in browser.text


def test_a_held_time_is_seen_by_everybody_else(house: House) -> None:
    """While somebody books, the time stands on the calendar as held, for whom and until when; released, it is gone."""
    phone = {"kind": "CONTACT_KIND_MOBILE", "value": "+12125550188"}
    person = patient(house, "Holder", "Hal", birth_date={"year": 1990, "month": 7, "day": 3}, contact_points=[phone])
    call = house.api()
    wish = {"appointment_type_ids": [house.ids["type"]], "location_ids": [house.ids["location"]]}
    slot = call("POST", "/v1/slots:search", **wish, limit=3)["slots"][0]
    held = call(
        "POST",
        "/v1/holds",
        appointment_type_id=house.ids["type"],
        location_id=house.ids["location"],
        practitioner_id=slot["practitioner_id"],
        start_time=slot["start_time"],
        patient_id=person,
    )
    day = datetime.fromisoformat(slot["start_time"]).astimezone(ZoneInfo(ZONE)).date().isoformat()
    page = f"/console/calendar?date={day}&location={house.ids['location']}"
    browser = house.browser("scheduler").get(page)
    assert "Held for Holder, Hal" in browser.text
    call("DELETE", f"/v1/holds/{held['hold_id']}")
    assert "Held for Holder, Hal" not in browser.get(page).text
