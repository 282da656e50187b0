"""Booking by keys, moving, cancelling, the waitlist, the calendar."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from chassis.clock import real_now
from gateway.console.calendar import Block, Column, lay
from tests.console.house import Browser, House, patient, visit


def times_of(browser: Browser, patient_id: str, house: House, begin: str = "t+2") -> Browser:
    """Opens the free times of the clinic's kind of visit."""
    return browser.get(
        f"/console/book/times?patient={patient_id}&type={house.ids['type']}&from={begin}&location={house.ids['location']}"
    )


def keyed(html: str, key: str) -> list[str]:
    """The elements that a key presses."""
    return re.findall(rf'<(?:a|button)\b[^>]*data-key="{re.escape(key)}"[^>]*>', html)


def test_four_keys_book_a_visit(house: House) -> None:
    """B, the kind's number, the time's number, Enter: each key is there, and the last one books what was held."""
    patient_id = patient(house, "Fourkey", "Fay")
    browser = house.browser("desk").get(f"/console/patients/{patient_id}")
    assert 'href="/console/book' in keyed(browser.html, "b")[0]
    browser.get(f"/console/book?patient={patient_id}")
    assert "/console/book/times" in keyed(browser.html, "1")[0]
    times_of(browser, patient_id, house)
    assert keyed(browser.html, "1")
    browser.post("/console/book/hold")
    assert "Kept for" in browser.text
    browser.post("/console/book", reason="sore throat")
    assert "Booked." in browser.text
    assert "sore throat" in browser.text
    assert browser.path == f"/console/patients/{patient_id}"


def test_times_begin_on_the_day_that_was_typed(house: House) -> None:
    """``t+14`` shows times from two weeks on; all times lie on whole days that say their date."""
    browser = times_of(house.browser("desk"), house.ids["patient"], house, "t+14")
    wanted = real_now().date() + timedelta(days=13)
    instants = [
        date.fromisoformat(each[:10]) for each in re.findall(r'name="start_time" value="([^"]+)"', browser.html)
    ]
    assert instants
    assert min(instants) >= wanted


def test_a_time_that_was_taken_is_said(house: House) -> None:
    """Two desks hold one time: the second is told and led back to the times."""
    first, second = (house.browser("desk"), house.browser("scheduler"))
    for browser, who in ((first, "Firsty"), (second, "Secondo")):
        times_of(browser, patient(house, who, "Al"), house, "t+3")
    taken = first.fields("/console/book/hold")["start_time"]
    first.post("/console/book/hold")
    assert "Kept for" in first.text
    hidden = second.fields("/console/book/hold") | {"start_time": taken}
    answer = second.client.post("/console/book/hold", data=hidden)
    assert answer.status_code == 409
    assert "This could not be booked" in answer.get_data(as_text=True)


def test_moving_and_cancelling(house: House) -> None:
    """A visit moves to another free time and is cancelled with a reason."""
    patient_id = patient(house, "Mover", "Mo")
    made = visit(house, patient_id)
    path = f"/console/visits/{made['appointment_id']}"
    browser = house.browser("desk").get(f"{path}/move?from=t+4")
    assert "now on" in browser.text
    browser.post(f"{path}/move")
    assert "Moved to" in browser.text
    browser.get(f"{path}/cancel")
    browser.post(f"{path}/cancel", reason="CANCELLATION_REASON_PATIENT", note="called at nine")
    assert "Cancelled; its time is free again." in browser.text
    browser.post(f"{path}/cancel", reason="CANCELLATION_REASON_PATIENT", **browser.token)
    assert browser.status == 200
    browser.post(f"{path}/move", start_time="2026-12-01T15:00:00Z", **browser.token)
    assert browser.status == 409


def test_the_waitlist_takes_whom_no_time_suits(house: House) -> None:
    """From the list of times a patient is put on the waitlist until a day that is typed as a word."""
    patient_id = patient(house, "Waiter", "Wanda")
    browser = times_of(house.browser("desk"), patient_id, house)
    browser.post("/console/book/wait", dates__end="4w", priority="5")
    assert "On the waitlist." in browser.text
    assert "Waiter, Wanda" in browser.get(f"/console/today?location={house.ids['location']}").text


def test_calendar_by_day_week_and_room(house: House) -> None:
    """Each view shows the visit where it lies, placed by classes, without a style."""
    made = visit(house, patient(house, "Gridley", "Gus"))
    day = made["start_time"][:10]
    browser = house.browser("desk")
    seen = False
    for shift in (0, -1):
        chosen = (date.fromisoformat(day) + timedelta(days=shift)).isoformat()
        for view in ("", "&view=week", "&by=room"):
            browser.get(f"/console/calendar?location={house.ids['location']}&date={chosen}{view}")
            assert browser.status == 200
            assert " style=" not in browser.html
            seen |= "Gridley, Gus" in browser.text
    assert seen


def test_visits_at_one_time_lie_beside_each_other() -> None:
    """Overlapping blocks get lanes of their own; one that begins when another ends takes its lane again."""
    blocks = [Block(10, 6, "visit"), Block(12, 4, "visit"), Block(16, 4, "visit"), Block(0, 100, "open")]
    column = Column("k", "", "", date(2026, 3, 2), blocks=blocks)
    lay(column)
    assert [block.lane for block in blocks] == [1, 2, 1, 1]
    assert column.lanes == 2


def absences(house: House) -> list[dict[str, Any]]:
    """The clinician's own exceptions; the list about them holds the closed days of their places, too."""
    mine = house.ids["practitioner"]
    listed = house.api()("GET", f"/v1/schedule-exceptions?practitioner_id={mine}")["exceptions"]
    return [each for each in listed if each["practitioner_id"] == mine]


def test_closing_shows_whom_it_hits_before_it_is_done(house: House) -> None:
    """Leave is first shown with the visits it would leave outside, and made only when that is confirmed."""
    made = visit(house, patient(house, "Leaver", "Lee"), begin=1)  # leave touches no visit that has begun
    browser = house.browser("manager").get(f"/console/settings/hours?location={house.ids['location']}")
    browser.post(
        "/console/settings/exceptions",
        exception__kind="SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE",
        exception__practitioner_id=house.ids["practitioner"],
        exception__location_id=house.ids["location"],
        exception__dates__start="t-1",
        exception__dates__end="t+2",
        exception__reason="flu",
    )
    assert "What this would do" in browser.text
    assert "Leaver, Lee" in browser.text
    assert absences(house) == []
    browser.post("/console/settings/exceptions", then="make")
    assert "Saved." in browser.text
    (made_one,) = absences(house)
    browser.post(f"/console/settings/exceptions/{made_one['schedule_exception_id']}/remove")
    assert "Taken back." in browser.text
    assert made["status"] == "APPOINTMENT_STATUS_BOOKED"
