"""Signing in to the portal."""

from __future__ import annotations

from tests.console.house import House
from tests.portal.house import reader


def test_a_patient_signs_in_by_password_and_out(house: House) -> None:
    """The portal greets its patient by name; signed out, its pages lead to the sign-in page and back to where one was going."""
    ana = reader(house, "ana")
    assert ana.status == 200
    assert "Hello, Ana" in ana.text
    ana.send("/sign-out")
    assert ana.open().path == f"{ana.here}/sign-in"


def test_staff_are_no_patients(house: House) -> None:
    """A colleague's login leads no further than the sign-in page, and a clinic nobody has is not there."""
    desk = reader(house, "desk")
    assert desk.open().path == f"{desk.here}/sign-in"
    assert desk.get("/portal/no-such-clinic/sign-in").status == 404
