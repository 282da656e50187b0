"""From a message into the portal: an invitation by the front desk."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.console.house import House, patient
from tests.notifications.clinic import Mail
from tests.portal.house import reader
from tests.portal.test_signing import BORN, ask_code, code_sent_to, with_email


def last_text(mail: Mail, address: str) -> str:
    """The text of the last message to an address."""
    entry = [one for one in mail.sent() if address in str(one)][-1]
    return str(mail.read(entry["message_id"]).get_body(("plain",)).get_content())  # type: ignore[union-attr]


def link_in(text: str) -> str:
    """Path and query of the one link of a message."""
    (link,) = re.findall(r"https?://\S+", text)
    parts = urlsplit(link)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def test_the_desk_invites_a_patient_who_then_signs_in(house: House, mail: Mail) -> None:
    """The patient's page sends an invitation by e-mail; its link leads to the clinic's sign-in, where address and birth date open the
    portal. The message names neither the patient nor anything of theirs."""
    who, address = with_email(house, "invited")
    desk = house.browser("desk").get(f"/console/patients/{who}/messages")
    assert "Patient portal" in desk.text
    desk.post(f"/console/patients/{who}/messages")
    assert "The message is on its way." in desk.text
    house.harnesses["notifications"].run_due()
    text = last_text(mail, address)
    assert not re.search(f"Invited|Cody|{who}|{BORN}", text)
    browser = reader(house)
    browser.get(link_in(text))
    assert browser.path == f"/portal/{house.slug}/sign-in"
    assert "Welcome." in browser.text
    ask_code(house, browser, address)
    browser.send("/sign-in/verify", code=code_sent_to(mail, address))
    assert "Hello, Cody" in browser.text


def test_a_patient_nobody_can_reach_is_not_invited(house: House) -> None:
    """Without an address the desk is told so, and nothing is written down."""
    who = patient(house, "Unreachable", "Uma", contact_points=[])
    desk = house.browser("desk").get(f"/console/patients/{who}/messages")
    desk.post(f"/console/patients/{who}/messages")
    assert desk.status >= 400
    assert "cannot be reached" in desk.text
