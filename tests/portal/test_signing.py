"""Signing in to the portal: by password, by a code that is sent, and whom one may act for then."""

from __future__ import annotations

import re

from polyclinic.identity.v1 import identity_pb2

from chassis.ids import uuid7
from tests.console.house import PASSWORD, House
from tests.notifications.clinic import Mail
from tests.portal.house import Reader, patient, reader

BORN = "1984-02-29"
SESSION_COOKIES = ("polyclinic_portal_session", "polyclinic_portal_csrf")


def with_email(house: House, name: str, **more: object) -> tuple[str, str]:
    """A patient with an e-mail address; (id, address)."""
    address = f"{name}-{uuid7().hex[-8:]}@example.org"
    points = [{"kind": "CONTACT_KIND_EMAIL", "value": address}]
    return patient(house, name.title(), "Cody", contact_points=points, **more), address


def ask_code(house: House, browser: Reader, address: str, birth_date: str = BORN) -> None:
    """Asks for a code, and lets the services do what follows."""
    browser.open("/sign-in")
    browser.send("/sign-in/code", contact=address, birth_date=birth_date)
    house.carry()
    house.harnesses["notifications"].run_due()


def code_sent_to(mail: Mail, address: str) -> str:
    """The last code that was sent to an address."""
    entries = [one for one in mail.sent() if address in str(one)]
    text = mail.read(entries[-1]["message_id"]).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    return re.search(r"\b\d{6}\b", text)[0]  # type: ignore[index]


def test_a_patient_signs_in_by_password_and_out(house: House) -> None:
    """The portal greets its patient by name; signed out, its pages lead to the sign-in page and back to where one was going."""
    ana = reader(house, "ana")
    assert ana.status == 200
    assert "Hello, Ana" in ana.text
    ana.send("/sign-out")
    assert ana.open("/visits").path == f"{ana.here}/sign-in"
    ana.send("/sign-in", login="ana", password=PASSWORD)
    assert ana.path == f"{ana.here}/visits"


def test_a_wrong_password_is_refused_with_one_answer(house: House) -> None:
    """A wrong password and an unknown name read the same."""
    browser = reader(house)
    told = []
    for login in ("ana", "nobody"):
        browser.open("/sign-in")
        browser.send("/sign-in", login=login, password="wrong horse battery")
        assert browser.status == 401
        told.append(browser.text.replace(login, ""))
    assert told[0] == told[1]


def test_staff_are_no_patients(house: House) -> None:
    """A colleague's login leads no further than the sign-in page, and a clinic nobody has is not there."""
    desk = reader(house, "desk")
    assert desk.open().path == f"{desk.here}/sign-in"
    assert desk.get("/portal/no-such-clinic/sign-in").status == 404


def test_console_and_portal_share_a_browser(house: House) -> None:
    """Who works at the console and is a patient too has both open, and signs out of one alone."""
    both = reader(house, "ana")
    both.client.get("/console/sign-in")
    both.client.post("/console/sign-in", data={"tenant": house.slug, "login": "desk", "password": PASSWORD})
    assert both.get("/console/today").status == 200
    assert "Hello, Ana" in both.open().text
    both.send("/sign-out")
    assert both.get("/console/today").path == "/console/today"


def test_the_first_code_opens_an_account(house: House, mail: Mail) -> None:
    """E-mail and birth date of somebody on file bring a code there; it signs in once and never again."""
    _, address = with_email(house, "first")
    browser = reader(house)
    ask_code(house, browser, address)
    code = code_sent_to(mail, address)
    form = browser.fields(f"{browser.here}/sign-in/verify")
    browser.send("/sign-in/verify", code=code)
    assert "Hello, Cody" in browser.text
    again = reader(house)
    again.client.post(f"{again.here}/sign-in/verify", data=form | {"code": code})
    assert again.open().path == f"{again.here}/sign-in"


def test_nobody_learns_who_is_a_patient(house: House, mail: Mail) -> None:
    """An unknown address and a wrong birth date get the same page as the right ones, and no message."""
    _, address = with_email(house, "quiet")
    texts = []
    for contact, born in ((address, BORN), (address, "1990-01-01"), ("nobody@example.org", BORN)):
        browser = reader(house)
        ask_code(house, browser, contact, born)
        assert browser.status == 200
        texts.append(browser.text)
    assert texts[0] == texts[1] == texts[2]
    assert len([one for one in mail.sent() if address in str(one)]) == 1
    assert not [one for one in mail.sent() if "nobody@example.org" in str(one)]


def test_a_code_is_good_for_five_attempts(house: House, mail: Mail) -> None:
    """After five wrong ones the right code is refused too, with the same words."""
    _, address = with_email(house, "guesser")
    browser = reader(house)
    ask_code(house, browser, address)
    code = code_sent_to(mail, address)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        browser.send("/sign-in/verify", code=wrong)
        assert browser.status == 401
    browser.send("/sign-in/verify", code=code)
    assert browser.status == 401
    assert "wrong or too old" in browser.text


def test_too_many_codes_are_not_sent(house: House, mail: Mail) -> None:
    """Five an hour go to one address; who asks more often reads the same page and gets none."""
    _, address = with_email(house, "often")
    browser = reader(house)
    for _ in range(7):
        ask_code(house, browser, address)
        assert "Type the code in" in browser.text
    assert len([one for one in mail.sent() if address in str(one)]) == 5


def test_a_code_sets_a_password(house: House, mail: Mail) -> None:
    """Just after a code one chooses user name and password without an old one, and signs in with them."""
    _, address = with_email(house, "setter")
    browser = reader(house)
    ask_code(house, browser, address)
    browser.send("/sign-in/verify", code=code_sent_to(mail, address))
    browser.open("/password")
    browser.send("/password", login=address, new_password="short")
    assert browser.status == 400
    browser.send("/password", login=address, new_password="seven green bottles")
    assert browser.path == f"{browser.here}/sign-in"
    browser.send("/sign-in", login=address, password="seven green bottles")
    assert "Hello, Cody" in browser.text
    browser.open("/password")
    browser.send("/password", new_password="eight green bottles")
    assert browser.status == 401, "without a fresh code the old password is asked for"


def test_a_parent_acts_for_a_child_until_the_clinic_ends_it(house: House, mail: Mail) -> None:
    """A proxy chooses whom the pages are about; the relation's end takes the child away at once, sessions included."""
    parent_id, address = with_email(house, "parent")
    child_id = patient(house, "Parent", "Bea", birth_date={"year": 2018, "month": 5, "day": 4}, contact_points=[])
    call = house.api()
    relation = call(
        "POST",
        f"/v1/patients/{child_id}/relations",
        related_patient_id=parent_id,
        relationship="RELATIONSHIP_PARENT",
        proxy=True,
    )
    house.carry()
    browser = reader(house)
    ask_code(house, browser, address)
    browser.send("/sign-in/verify", code=code_sent_to(mail, address))
    browser.open("/family")
    assert "Bea" in browser.text
    browser.client.post(f"{browser.here}/person", data=browser.token | {"patient_id": child_id})
    assert "Bea's visits" in browser.open().text
    call("DELETE", f"/v1/patients/{child_id}/relations/{relation['relation_id']}")
    house.carry()
    ask_code(house, browser := reader(house), address)
    browser.send("/sign-in/verify", code=code_sent_to(mail, address))
    assert "Bea" not in browser.open("/family").text
    assert browser.get(f"/api/v1/patients/{child_id}").status in (401, 404)


def test_a_code_on_its_way_opens_nobody_that_was_ended_meanwhile(house: House, mail: Mail) -> None:
    """The first sign-in makes the account: a child that the clinic took away after the code was sent is not in it."""
    parent_id, address = with_email(house, "almost")
    child_id = patient(house, "Almost", "Tim", birth_date={"year": 2019, "month": 5, "day": 4}, contact_points=[])
    call = house.api()
    body = {"related_patient_id": parent_id, "relationship": "RELATIONSHIP_PARENT", "proxy": True}
    relation = call("POST", f"/v1/patients/{child_id}/relations", **body)
    house.carry()
    browser = reader(house)
    ask_code(house, browser, address)
    call("DELETE", f"/v1/patients/{child_id}/relations/{relation['relation_id']}")
    house.carry()
    browser.send("/sign-in/verify", code=code_sent_to(mail, address))
    assert "Hello, Cody" in browser.text
    assert "Tim" not in browser.open("/family").text


def test_a_sign_in_begins_a_session_of_its_own(house: House) -> None:
    """A session that somebody planted in the browser is not taken over by who signs in: tokens and CSRF token are new, the old ones
    end; what only the server reads is out of scripts' reach."""
    planted = reader(house, "ana")
    before = {name: planted.client.get_cookie(name, path="/portal").value for name in SESSION_COOKIES}  # type: ignore[union-attr]
    old_token = planted.token
    planted.open("/sign-in?ended=1")
    planted.client.post(f"{planted.here}/sign-in", data=old_token | {"login": "ana", "password": PASSWORD})
    after = {name: planted.client.get_cookie(name, path="/portal") for name in SESSION_COOKIES}
    assert all(after[name].value != before[name] for name in SESSION_COOKIES)  # type: ignore[union-attr]
    assert after[SESSION_COOKIES[0]].http_only  # type: ignore[union-attr]
    assert planted.client.post(f"{planted.here}/person", data=old_token).status_code == 403


def test_forms_of_other_pages_change_nothing(house: House) -> None:
    """Without the session's token a change is refused; a sign-in that another site's page sends is, too."""
    ana = reader(house, "ana")
    assert ana.client.post(f"{ana.here}/preferences/channels", data={"allow": "1-1"}).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    stranger = reader(house)
    for path, fields in (
        ("/sign-in", {"login": "ana", "password": PASSWORD}),
        ("/sign-in/code", {"contact": "nobody@example.org", "birth_date": BORN}),
        ("/sign-in/verify", {"portal_code_id": str(uuid7()), "code": "123456"}),
    ):
        assert stranger.client.post(stranger.here + path, data=fields, headers=foreign).status_code == 403, path


def test_who_signs_in_is_led_nowhere_else(house: House) -> None:
    """Where to go after signing in is a page of this clinic's portal, whatever the address says."""
    for wished in (
        "https://evil.example/",
        "//evil.example",
        f"/portal/{house.slug}\\@evil.example",
        "/portal/other/visits",
    ):
        browser = reader(house)
        browser.client.get(f"{browser.here}/sign-in")
        fields = {"login": "ana", "password": PASSWORD, "next": wished}
        found = browser.client.post(f"{browser.here}/sign-in", data=fields)
        assert found.headers["Location"] == browser.here, wished


def test_a_patient_of_another_clinic_signs_in_there(house: House) -> None:
    """The same session opens no other clinic's portal."""
    operator = house.harnesses["identity"].client(None, ["platform.operate"])
    slug = "other-" + uuid7().hex[-12:]
    operator.call(
        "CreateTenant",
        identity_pb2.CreateTenantRequest(
            slug=slug, name="Other", owner_login="owner", owner_name="O", owner_password=PASSWORD
        ),
    )
    ana = reader(house, "ana")
    assert ana.get(f"/portal/{slug}").path == f"/portal/{slug}/sign-in"
    assert "Hello, Ana" in ana.open().text
