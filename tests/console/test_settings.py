"""What a manager sets: locations, people, kinds of visit, hours, users, programs, messages."""

from __future__ import annotations

import re

from tests.console.house import PASSWORD, House

PAGES = ("locations", "people", "types", "hours", "payers", "fees", "texts", "users", "roles", "programs", "audit")


def test_every_page_of_the_settings(house: House) -> None:
    """Each page lists what there is and leads to pages that answer."""
    browser = house.browser("manager")
    for name in PAGES:
        browser.get(f"/console/settings/{name}")
        assert browser.status == 200, name
        for link in sorted(set(re.findall(rf'href="(/console/settings/{name}/[^"?]+)"', browser.html)))[:3]:
            assert house.browser("manager").get(link).status == 200, link


def test_a_location_is_changed_and_gets_a_room(house: House) -> None:
    """A changed phone is kept, a wrong one is said at its field, a room is added."""
    path = f"/console/settings/locations/{house.ids['other_location']}"
    browser = house.browser("manager").get(path)
    kept = {
        "location.name": "Mesa",
        "location.address.lines[0]": "1 Main Street",
        "location.address.city": "Mesa",
        "location.address.state": "AZ",
        "location.address.postal_code": "85201",
        "location.hours[0].weekday": "1",
        "location.hours[0].opens_minute": "8:00 am",
        "location.hours[0].closes_minute": "5:00 pm",
    }
    browser.post(path, **kept, **{"location.phone": "nothing"})
    assert browser.status == 400
    assert 'id="location-phone-wrong"' in browser.html
    browser.post(path, **kept, **{"location.phone": "+16025550199"})
    assert "Saved." in browser.text
    assert "+16025550199" in browser.html
    browser.post(f"{path}/rooms", room__name="Exam 9", room__room_class="exam", room__capacity="1")
    assert "Exam 9" in browser.text


def test_users_are_made_changed_and_disabled(house: House) -> None:
    """A new user signs in; a disabled one does not."""
    browser = house.browser("manager").get("/console/settings/users/new")
    browser.post(
        "/console/settings/users/new",
        login="newbie",
        password=PASSWORD,
        name="New Bee",
        **{"roles[2]": "ROLE_FRONT_DESK"},
    )
    assert "Saved." in browser.text
    path = browser.path
    assert house.browser("newbie").path == "/console/today"
    browser.post(f"{path}/disable", reason="left us")
    assert "disabled" in browser.text
    assert house.browser("newbie").path == "/console/sign-in"


def test_a_program_s_secret_is_shown_once(house: House) -> None:
    """The secret of a new API client is on the answer and works; the page has it no more afterwards."""
    browser = house.browser("manager").get("/console/settings/programs")
    browser.post("/console/settings/programs", name="Intake forms", **{"roles[0]": "ROLE_SERVICE_CLIENT"})
    secret = re.search(r"client_secret</dt><dd class=\"mono\">([^<]+)<", browser.html)
    client = re.search(r"client_id</dt><dd class=\"mono\">([^<]+)<", browser.html)
    assert secret
    assert client
    token = house.gateway.test_client().post(
        "/api/v1/client-tokens", json={"client_id": client[1], "client_secret": secret[1]}
    )
    assert token.status_code == 200
    assert secret[1] not in browser.get("/console/settings/programs").html


def test_a_kind_of_visit_is_made(house: House) -> None:
    """A new kind can be booked; a code that is taken is said."""
    browser = house.browser("manager").get("/console/settings/types/new")
    fields = {
        "appointment_type.name": "Long visit",
        "appointment_type.code": "long",
        "appointment_type.duration_minutes": "40",
        "appointment_type.modality": "MODALITY_IN_PERSON",
    }
    browser.post("/console/settings/types/new", **fields)
    assert "Saved." in browser.text
    browser.get("/console/settings/types/new").post("/console/settings/types/new", **fields)
    assert browser.status == 409


def test_weekly_hours_are_given_to_several_days_at_once(house: House) -> None:
    """One window with five ticked days makes five."""
    browser = house.browser("manager").get(f"/console/settings/hours?location={house.ids['other_location']}")
    values = browser.fields("/console/settings/hours") | {
        "template.practitioner_id": house.ids["practitioner"],
        "template.location_id": house.ids["other_location"],
        "template.effective.start": "t+60",
        "template.windows[0].starts_minute": "8:00 am",
        "template.windows[0].ends_minute": "12:00 pm",
        "weekday": ["1", "2", "3", "4", "5"],
    }
    values = {name: value for name, value in values.items() if not name.startswith("template.windows[1]")}
    answer = browser.client.post("/console/settings/hours", data=values, follow_redirects=True)
    assert "The hours are added." in answer.get_data(as_text=True)
    made = house.api()("GET", f"/v1/schedule-templates?location_id={house.ids['other_location']}")["templates"]
    assert [window["weekday"] for window in made[0]["windows"]] == [1, 2, 3, 4, 5]
    assert made[0]["windows"][0]["starts_minute"] == 480


def test_a_message_is_previewed_before_it_is_published(house: House) -> None:
    """A changed text is shown filled with an example; only publishing makes a new version."""
    template = next(
        each
        for each in house.api()("GET", "/v1/message-templates?page_size=200")["templates"]
        if each["channel"] == "CHANNEL_SMS"
    )
    path = f"/console/settings/texts/{template['template_id']}"
    browser = house.browser("manager").get(path)
    browser.post(path, text=template["text"] + " See you!", then="preview")
    assert "See you!" in browser.text
    assert house.api()("GET", f"/v1/message-templates/{template['template_id']}")["text"] == template["text"]
    browser.post(path, text=template["text"] + " See you!", then="publish")
    assert "Published" in browser.text


def test_the_audit_says_who_looked(house: House) -> None:
    """What the desk read through the console stands in the patient's list of who looked, under the desk's name."""
    house.browser("desk").get(f"/console/patients/{house.ids['patient']}")
    browser = house.browser("manager").get(f"/console/patients/{house.ids['patient']}/looked")
    assert browser.status == 200
    assert "Every look at this record" in browser.text
