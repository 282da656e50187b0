"""The front desk's day: find, register, arrive, take money, count the drawer."""

from __future__ import annotations

import pytest

from tests.console.house import House, patient, visit


@pytest.mark.parametrize("query", ["muñ,an", "munoz", "022984", "0142", "2/29/1984"])
def test_find_as_a_desk_types(house: House, query: str) -> None:
    """A few letters, a birth date or the last four of a phone find the patient, from any page (htmx gets the list alone)."""
    browser = house.browser("desk").get("/console/drawer")
    data = browser.fields("/console/find") | {"q": query}
    answer = browser.client.post("/console/find", data=data, headers={"HX-Request": "true", "HX-Target": "found"})
    html = answer.get_data(as_text=True)
    assert "Muñoz, Ana" in html
    assert "<html" not in html
    assert f"/console/patients/{house.ids['patient']}" in html


def test_one_match_opens_the_patient(house: House) -> None:
    """Enter on a search that only one person matches opens that person."""
    patient_id = patient(house, "Quillfeather", "Zed")
    assert house.browser("desk").post("/console/find", q="quillf").path == f"/console/patients/{patient_id}"


def test_nobody_found_leads_to_registration(house: House) -> None:
    """A search without a match offers to register, begun with what was typed."""
    browser = house.browser("desk").post("/console/find", q="zzyzx,pat")
    assert "Nobody matches" in browser.text
    assert "zzyzx" not in browser.path
    browser.post("/console/patients/begin")
    assert 'value="Zzyzx"' in browser.html
    assert 'value="Pat"' in browser.html


def test_quick_registration_warns_of_the_same_person(house: House) -> None:
    """Four things register somebody; the same four again show who is on file, and saying it is another person saves it."""
    browser = house.browser("desk").get("/console/patients/new")
    four = {
        "name__family": "Delacroix",
        "name__given": "Margot",
        "birth_date": "3/14/71",
        "phone": "(212) 555-0177",
        "payer_code": "COMM1",
    }
    browser.post("/console/patients/new", **four)
    assert "Registered." in browser.text
    assert "Harbor Mutual" in browser.text
    first = browser.path
    browser.get("/console/patients/new").post("/console/patients/new", **four)
    assert "Somebody like this is on file." in browser.text
    assert first in browser.html
    assert 'value="Delacroix"' in browser.html
    reviewed = browser.fields("/console/patients/new")
    assert reviewed["reviewed_patient_ids[0]"] == [first.rsplit("/", 1)[1]]
    browser.post("/console/patients/new", **four)
    assert "Registered." in browser.text
    assert browser.path != first


def test_what_is_wrong_stands_at_its_field(house: House) -> None:
    """What the form cannot read and what the registry refuses are both said at the input, and what was typed stays."""
    browser = house.browser("desk").get("/console/patients/new")
    browser.post(
        "/console/patients/new", name__family="Kaya", name__given="Ela", birth_date="someday", phone="2125550188"
    )
    assert browser.status == 400
    assert 'id="birth_date-wrong"' in browser.html
    assert 'value="someday"' in browser.html
    browser.post("/console/patients/new", name__family="Kaya", name__given="Ela", birth_date="040570", phone="12")
    assert 'id="phone-wrong"' in browser.html
    assert 'value="Kaya"' in browser.html


def test_sending_a_form_twice_registers_once(house: House) -> None:
    """The form's key makes a second click the same registration."""
    browser = house.browser("desk").get("/console/patients/new")
    hidden = browser.fields("/console/patients/new")
    data = hidden | {"name.family": "Twiceton", "name.given": "Ola", "birth_date": "040591", "phone": "2125550199"}
    first = browser.client.post("/console/patients/new", data=data)
    second = browser.client.post("/console/patients/new", data=data)
    assert first.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]


def test_banner_on_every_patient_page(house: House) -> None:
    """Name, birth date, insurance and balance stand on each page of a patient; who looked is for those who may read the audit."""
    browser = house.browser("desk")
    base = f"/console/patients/{house.ids['patient']}"
    for path in ("", "/edit", "/coverage", "/visits", "/messages", "/account", "/pay"):
        browser.get(base + path)
        assert browser.status == 200, path
        assert "Muñoz, Ana" in browser.text, path
        assert "Feb 29, 1984" in browser.text, path
        assert "Balance" in browser.text, path
    assert f"{base}/looked" not in browser.html
    assert browser.get(f"{base}/looked").status == 403
    assert house.browser("manager").get(f"{base}/looked").status == 200


def test_details_are_changed_on_the_version_that_was_seen(house: House) -> None:
    """A change by somebody else in between is said, not overwritten."""
    patient_id = patient(house, "Versionova", "Vera")
    path = f"/console/patients/{patient_id}/edit"
    early, late = house.browser("desk").get(path), house.browser("manager").get(path)
    same = {
        "patient__name__family": "Versionova",
        "patient__name__given": "Vera",
        "patient__birth_date": "1984-02-29",
        "patient__sex": "SEX_FEMALE",
    }
    late.post(path, **same, patient__language="es")
    assert "Saved." in late.text
    assert "Speaks Spanish" in late.text
    early.post(path, **same, patient__language="fr")
    assert early.status == 412
    assert "changed by someone else" in early.text


def test_coverage_is_added_and_taken_back(house: House) -> None:
    """A coverage added at the desk is in the banner; one entered in error goes away again."""
    patient_id = patient(house, "Covington", "Cy")
    path = f"/console/patients/{patient_id}/coverage"
    browser = house.browser("desk").get(path)
    browser.post(
        path,
        coverage__payer_code="COMM1",
        coverage__member_id="W123",
        coverage__kind="COVERAGE_KIND_HEALTH",
        coverage__priority="0",
        coverage__subscriber_relation="SUBSCRIBER_RELATION_SELF",
    )
    assert "Harbor Mutual never verified" in browser.text
    action = next(part.split('"')[0] for part in browser.html.split('action="') if "/remove" in part.split('"')[0])
    browser.post(action)
    assert "No insurance on file" in browser.text


def test_the_board_moves_a_visit_along_by_its_buttons(house: House) -> None:
    """Arrive, check in, room, seen, out: each is one form, and the last step can be undone."""
    patient_id = patient(house, "Boardman", "Bo")
    made = visit(house, patient_id)
    base = f"/console/visits/{made['appointment_id']}"
    browser = house.browser("desk")
    board = f"/console/today?location={house.ids['location']}&date={made['start_time'][:10]}"
    assert "Boardman, Bo" in browser.get(board).text or "Boardman, Bo" in browser.get("/console/today?date=t").text
    for step, state in (
        ("arrive", "Arrived"),
        ("check-in", "Checked in"),
        ("room", "In room"),
        ("seen", "With clinician"),
        ("undo", "In room"),
        ("seen", "With clinician"),
        ("out", "Out"),
    ):
        fields = browser.token
        answer = browser.client.post(f"{base}/{step}", data=fields)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        browser.get("/console/today")
        assert state in browser.text.split("Undo")[0][-400:] or state in browser.text


def test_a_step_that_is_not_allowed_is_said_on_the_board(house: House) -> None:
    """Scheduling refuses to skip steps; the board says why and stays."""
    made = visit(house, patient(house, "Hasty", "Hal"))
    browser = house.browser("desk").get("/console/today")
    data = {**browser.token, "back": "/console/today?show=expected"}
    answer = browser.client.post(
        f"/console/visits/{made['appointment_id']}/out", data=data, headers={"HX-Request": "true", "HX-Target": "board"}
    )
    assert answer.status_code == 200
    html = answer.get_data(as_text=True)
    assert 'role="alert"' in html
    assert 'id="board"' in html
    assert "<html" not in html
    # It stands as it stood: the stage that was looked at, and where it is read anew.
    assert 'hx-get="/console/today?show=expected"' in html
    assert 'href="/console/today?show=expected" aria-current="true"' in html


def test_arriving_takes_the_money_and_gives_a_receipt(house: House) -> None:
    """The desk opens a drawer, takes cash for the visit, and the receipt is a PDF; the drawer's count keeps what is over or short."""
    made = visit(house, patient(house, "Payne", "Penny"), "arrive")
    here = f"/console/visits/{made['appointment_id']}/arrive"
    browser = house.browser("desk").get(here)
    assert "Is this still right?" in browser.text
    assert "Cash and checks need your drawer to be open." in browser.text
    browser.post("/console/drawer/open", opening_float="100")
    assert browser.path == here
    browser.post(here.replace("/arrive", "/take"), amount="25.00", method="PAYMENT_METHOD_CASH")
    assert "$25.00" in browser.text
    assert "Received" in browser.text
    receipt = browser.client.get(browser.path + "/receipt")
    assert receipt.content_type == "application/pdf"
    assert receipt.data.startswith(b"%PDF")
    browser.get("/console/drawer")
    assert "$125.00" in browser.text
    close = next(part.split('"')[0] for part in browser.html.split('action="') if part.split('"')[0].endswith("/close"))
    browser.post(close, counted_cash="124.00", counted_checks="0")
    assert browser.status == 400
    assert 'id="note-wrong"' in browser.html
    browser.post(close, counted_cash="124.00", counted_checks="0", note="a dollar missing")
    assert "counted and closed" in browser.text
    assert "−$1.00" in browser.text


def test_a_check_needs_its_number(house: House) -> None:
    """What billing refuses about a payment is said on the form."""
    browser = house.browser("desk").get(f"/console/patients/{house.ids['patient']}/pay")
    browser.post(browser.path, amount="10", method="PAYMENT_METHOD_CHECK")
    assert browser.status == 400
    assert "a check needs its number" in browser.text


def test_lists_are_told_as_csv(house: House) -> None:
    """A list's rows come as a spreadsheet's file, formulas told as text."""
    visit(house, patient(house, "=Hyperlink", "Eve"))
    answer = house.browser("desk").client.get(f"/console/today?location={house.ids['location']}&format=csv")
    assert answer.content_type.startswith("text/csv")
    text = answer.get_data(as_text=True)
    assert "time,patient" in text
    assert "'=Hyperlink, Eve" in text
    assert '"=' not in text
