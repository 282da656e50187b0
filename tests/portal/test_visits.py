"""Visits: finding a time, booking, moving, cancelling, saying that one is here."""

from __future__ import annotations

import re
from datetime import timedelta

from chassis.clock import real_now
from tests.console.house import ZONE_WORD, House, visit
from tests.portal.house import Reader, account, patient, reader


def somebody(house: House, name: str) -> tuple[Reader, str]:
    """A new patient with an account of the same name, signed in; and their id."""
    patient_id = patient(house, name.title(), "Pat")
    account(house, name, patient_id)
    return reader(house, name), patient_id


def hold_first(house: House, browser: Reader, kind: str = "checkup", **wishes: str) -> str:
    """Opens the free times of a kind and takes the first; returns its start."""
    later = (real_now() + timedelta(days=3)).date().isoformat()
    query = "".join(f"&{name}={value}" for name, value in wishes.items())
    browser.open(f"/book/times?type={house.ids[kind]}&from={later}{query}")
    start = browser.fields(f"{browser.here}/book/hold")["start_time"][0]
    browser.send("/book/hold")
    return start


def test_a_patient_books_a_held_time(house: House) -> None:
    """Kind, time, hold with its minutes, booked: the visit's page says when in the location's zone, where and with whom."""
    browser, _ = somebody(house, "booker")
    browser.open("/book")
    assert "Check-up" in browser.text
    assert "Office visit" not in browser.text  # not bookable online
    hold_first(house, browser)
    assert "Is this right?" in browser.text
    seconds = int(re.search(r'<hold-timer[^>]*data-seconds="(\d+)"', browser.html)[1])  # type: ignore[index]
    assert 200 < seconds <= 300
    browser.send("/book", reason="cough")
    assert re.fullmatch(rf"{browser.here}/visits/[0-9a-f-]{{36}}", browser.path)
    assert "Your visit is booked." in browser.text
    assert ZONE_WORD in browser.text
    assert "Ada Okafor" in browser.text
    assert "1 Main Street" in browser.text
    assert "https://www.google.com/maps/dir/" in browser.html
    assert "cough" in browser.text
    assert "Check-up" in browser.open().text


def test_a_hold_is_renewed_and_let_go(house: House) -> None:
    """More time keeps the same hold; letting it go leads back to the times, where it is free again."""
    browser, _ = somebody(house, "renewer")
    start = hold_first(house, browser)
    held = browser.fields(f"{browser.here}/book")["hold_id"]
    browser.send("/book/renew")
    assert browser.fields(f"{browser.here}/book")["hold_id"] == held
    browser.send("/book/release")
    assert browser.path == f"{browser.here}/book/times"
    assert start in browser.html


def test_a_time_that_is_gone_is_said_with_others(house: House) -> None:
    """Who comes second is told so, and offered what is free near it, which books."""
    first, _ = somebody(house, "first")
    second, _ = somebody(house, "second")
    later = (real_now() + timedelta(days=5)).date().isoformat()
    for each in (first, second):
        each.open(f"/book/times?type={house.ids['checkup']}&from={later}")
    first.send("/book/hold")
    second.send("/book/hold")
    assert second.status == 409
    assert "Free near it" in second.text
    second.send("/book/hold")
    assert "Is this right?" in second.text


def test_a_visit_is_moved_and_cancelled(house: House) -> None:
    """The free times of a move are those of the same clinician; after cancelling the time is gone from the page."""
    browser, _ = somebody(house, "mover")
    hold_first(house, browser)
    visit_id = browser.send("/book").path.rsplit("/", 1)[1]
    browser.open(f"/visits/{visit_id}/move?from={(real_now() + timedelta(days=7)).date().isoformat()}")
    browser.send(f"/visits/{visit_id}/move")
    assert "Moved: your visit is now on" in browser.text
    browser.open(f"/visits/{visit_id}/cancel")
    assert "It costs nothing now." in browser.text
    browser.send(f"/visits/{visit_id}/cancel", note="ill")
    assert "is cancelled" in browser.text
    assert "You have no visit ahead." in browser.text
    assert "Cancelled" in browser.open(f"/visits/{visit_id}").text


def test_a_patient_says_that_they_are_here(house: House) -> None:
    """On the day a visit can be confirmed by presence: the clinic knows at once, and the page says when it will begin."""
    browser, patient_id = somebody(house, "comer")
    made = visit(house, patient_id)
    browser.open()
    assert "I'm here" in browser.text
    browser.send(f"/visits/{made['appointment_id']}/arrive")
    assert "We know that you are here." in browser.text
    found = house.api("desk")("GET", f"/v1/appointments/{made['appointment_id']}")
    assert found["status"] == "APPOINTMENT_STATUS_ARRIVED"


def test_a_visit_goes_into_the_own_calendar(house: House) -> None:
    """The file has the visit's time in UTC and the place's name, and nothing of what it is for."""
    browser, patient_id = somebody(house, "keeper")
    made = visit(house, patient_id)
    browser.open(f"/visits/{made['appointment_id']}/visit.ics")
    assert browser.headers["Content-Type"].startswith("text/calendar")
    assert "LOCATION:Harbor" in browser.html
    assert "Office visit" not in browser.html


def test_the_waitlist_is_joined_and_left(house: House) -> None:
    """Whoever finds no time waits with wishes, sees it, and leaves."""
    browser, _ = somebody(house, "waiter")
    browser.open(f"/waitlist/join?type={house.ids['checkup']}")
    browser.send("/waitlist/join", dates__end="")
    assert browser.status == 400
    until = (real_now() + timedelta(days=30)).date().isoformat()
    browser.send("/waitlist/join", dates__end=until, time="am", weekday=["1", "3"])
    assert "You are on the waitlist." in browser.text
    entry = re.search(r"/waitlist/([0-9a-f-]{36})/leave", browser.html)[1]  # type: ignore[index]
    browser.send(f"/waitlist/{entry}/leave")
    assert "You wait for no earlier time." in browser.text


def test_other_patients_visits_are_not_there(house: House) -> None:
    """Another patient's visit answers 404 on every page, and what is no id, too."""
    browser, _ = somebody(house, "curious")
    theirs = visit(house, house.ids["patient"])["appointment_id"]
    for path in ("", "/move", "/cancel", "/visit.ics"):
        assert browser.open(f"/visits/{theirs}{path}").status == 404
    for path in ("/arrive", "/confirm", "/cancel"):
        answer = browser.client.post(f"{browser.here}/visits/{theirs}{path}", data=browser.token)
        assert answer.status_code == 404, path
    assert browser.open("/visits/17").status == 404
