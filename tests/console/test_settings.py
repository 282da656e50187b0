"""What a manager sets: locations, people, kinds of visit, hours, users, programs, messages."""

from __future__ import annotations

import re

from gateway.console import words_roles
from identity.domain import roles
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


def test_a_program_gets_a_new_secret_and_an_end(house: House) -> None:
    """The new secret works and the old one no more; after the revocation none does, and the page says so."""
    browser = house.browser("manager").get("/console/settings/programs")
    browser.post("/console/settings/programs", name="Mirror", **{"roles[0]": "ROLE_SERVICE_CLIENT"})
    found = re.search(r'href="(/console/settings/programs/[^"]+)" data-key="enter">Mirror<', browser.html)
    first = re.search(r"client_secret</dt><dd class=\"mono\">([^<]+)<", browser.html)
    assert found
    assert first
    path = found[1]
    browser.get(path).post(f"{path}/rotate")
    client = re.search(r"client_id</dt><dd class=\"mono\">([^<]+)<", browser.html)
    second = re.search(r"client_secret</dt><dd class=\"mono\">([^<]+)<", browser.html)
    assert client
    assert second

    def draws(secret: str) -> int:
        body = {"client_id": client[1] if client else "", "client_secret": secret}
        return house.gateway.test_client().post("/api/v1/client-tokens", json=body).status_code

    assert (draws(first[1]), draws(second[1])) == (401, 200)
    browser.post(f"{path}/revoke", reason="replaced")
    assert "revoked" in browser.text
    assert draws(second[1]) == 401
    assert f"{path}/rotate" not in browser.html


def test_a_pool_is_made_and_changed(house: House) -> None:
    """A new pool can be written to; a code that is none is said at its field."""
    browser = house.browser("manager").get("/console/settings/pools/new")
    fields = {"name_en": "Records", "name_es": "Expedientes", "answer_minutes": "120"}
    browser.post("/console/settings/pools/new", code="Not A Code", **fields)
    assert 'id="code-wrong"' in browser.html
    browser.post("/console/settings/pools/new", code="records", **fields, for_patients="true", active="true")
    assert "Records is saved." in browser.text
    browser.get("/console/settings/pools/records").post(
        "/console/settings/pools/records", **fields | {"name_en": "Charts"}
    )
    assert "Charts" in browser.get("/console/settings/pools").text
    assert house.browser("manager", "es").get("/console/settings/pools/nobody").path == "/console/settings/pools"


def test_a_form_is_written_looked_at_and_published(house: House) -> None:
    """Questions with options and conditions are typed as fields; the preview publishes nothing; one that is ticked is left out."""
    path = "/console/settings/forms/new"
    at = "sections[0].fields[0]."
    fields = {
        "code": "allergies-2",
        "title.en": "Allergies",
        "title.es": "Alergias",
        "ask": "FORM_ASK_YEARLY",
        "sections[0].title.en": "What you react to",
        f"{at}name": "has_any",
        f"{at}label.en": "Are you allergic to anything?",
        f"{at}kind": "FIELD_KIND_CHOICE",
        f"{at}required": "true",
        f"{at}choices": "yes | Yes | Sí\nno | No | No",
        "sections[0].fields[1].name": "to_what",
        "sections[0].fields[1].label.en": "To what?",
        "sections[0].fields[1].kind": "FIELD_KIND_LONG_TEXT",
        "sections[0].fields[1].show_if.field": "has_any",
        "sections[0].fields[1].show_if.values": "yes",
    }
    browser = house.browser("manager").get(path)
    browser.post(path, **fields, then="preview")
    assert browser.status == 200
    assert "only if has_any is yes" in browser.text
    assert house.browser("manager").get("/console/settings/forms/allergies-2").status == 404
    browser.post(path, **fields, then="publish")
    assert "Published" in browser.text
    form = house.api()("GET", "/v1/intake-forms/allergies-2")
    first, second = form["sections"][0]["fields"]
    assert [(each["value"], each["label"].get("es")) for each in first["options"]] == [("yes", "Sí"), ("no", "No")]
    assert second["show_if"] == {"field": "has_any", "values": ["yes"]}
    edit = "/console/settings/forms/allergies-2"
    swap = {"sections[0].fields[0].place": "30", "leave_out": "sections[0].fields[1]"}
    browser.get(edit).post(edit, **swap, then="publish")
    assert "Published" in browser.text
    again = house.api()("GET", "/v1/intake-forms/allergies-2")
    assert (again["form_version"], [each["name"] for each in again["sections"][0]["fields"]]) == (2, ["has_any"])
    browser.post(f"{edit}/retire")
    assert "retired" in browser.text


def test_a_text_to_be_signed_is_published_in_both_languages(house: House) -> None:
    """What is typed is shown as it reads and only then published, as the next version."""
    path = "/console/settings/consents/new"
    fields = {
        "code": "photos",
        "title.en": "Photos",
        "text.en": "I agree.",
        "text.es": "Estoy de acuerdo.",
        "title.es": "Fotos",
    }
    browser = house.browser("manager").get(path)
    browser.post(path, **fields, valid_days="365", then="preview")
    assert "Estoy de acuerdo." in browser.text
    browser.post(path, **fields, valid_days="365", then="publish")
    assert "version 1" in browser.text
    edit = "/console/settings/consents/photos"
    browser.post(edit, **{"text.en": "I agree to photos."}, then="publish")
    assert "version 2" in browser.text


def test_the_public_page_is_published(house: House) -> None:
    """What is ticked is what anybody reads; an address that is none is said at its field."""
    path = "/console/settings/clinic"
    browser = house.browser("manager").get(path)
    browser.post(path, clinic_page__email="nobody")
    assert 'id="clinic_page-email-wrong"' in browser.html
    chosen = {"clinic_page.location_ids[0]": house.ids["location"], "clinic_page.published": "true"}
    browser.get(path).post(path, **chosen, about_en="Family medicine on the harbor.", clinic_page__email="")
    assert "Saved." in browser.text
    public = house.gateway.test_client().get(f"/clinics/{house.slug}").get_data(as_text=True)
    assert "Family medicine on the harbor." in public
    assert "Harbor" in public


def test_holidays_of_a_year_are_chosen_and_added(house: House) -> None:
    """Public holidays are ticked, a day of one's own is typed; trying changes nothing; what is saved is ticked the next time."""
    path = "/console/settings/holidays"
    browser = house.browser("manager").get(f"{path}?year=2031&location={house.ids['other_location']}")
    form = browser.fields(path)
    last = max(int(found) for found in re.findall(r"holidays\[(\d+)\]\.name", browser.html))
    own = f"holidays[{last}]"
    chosen = form | {
        "keep": ["holidays[0]", own],
        f"{own}.date": "12/24/2031",
        f"{own}.name": "Christmas Eve",
        "location_ids[0]": house.ids["other_location"],
    }
    chosen = {name: value for name, value in chosen.items() if name != "location_ids[1]"}
    listed = f"/v1/locations/{house.ids['other_location']}/holidays?year=2031"
    tried = browser.client.post(path, data=chosen | {"then": "try"})
    assert tried.status_code == 200
    assert not house.api()("GET", listed).get("holidays")
    saved = browser.client.post(path, data=chosen | {"then": "save"}, follow_redirects=True)
    assert "Saved;" in saved.get_data(as_text=True)
    days = [(each["date"]["month"], each["date"]["day"]) for each in house.api()("GET", listed)["holidays"]]
    assert days == [(1, 1), (12, 24)]
    assert browser.get(f"{path}?year=2031&location={house.ids['other_location']}").html.count(" checked><span>") >= 2


def test_a_message_is_tested_before_it_is_trusted(house: House) -> None:
    """A test goes to the address that was typed and stands in the list; a patient's address and no address are said at the field."""
    template = next(
        each
        for each in house.api()("GET", "/v1/message-templates?page_size=200")["templates"]
        if each["channel"] == "CHANNEL_SMS"
    )
    path = f"/console/settings/texts/{template['template_id']}"
    browser = house.browser("manager").get(path)
    assert "Test send" in browser.text
    browser.post(f"{path}/test", to="")
    assert browser.status == 400
    assert "a text message goes to a number" in browser.text
    browser.post(f"{path}/test", to="(212) 555-0133")
    assert "A test is on its way to +12125550133." in browser.text
    assert "Waiting" in browser.text


def test_every_permission_of_a_role_is_in_words(house: House) -> None:
    """The page of the roles says what each may do in words: no permission that a person may have is without them."""
    of_clinics = set().union(*roles.PERMISSIONS.values()) - set(roles.OPERATOR)
    granted = {each for each in of_clinics if "." in each}
    assert {each for each in granted if each.split(".")[0] not in words_roles.NOUN} == set()
    assert {each for each in granted if each.split(".")[1] not in words_roles.VERB} == set()
    text = house.browser("owner").get("/console/settings/roles").text
    assert "The day's visits" in text
    assert "visit.flow" not in text
