"""Messages between a patient and the clinic, through both their pages."""

from __future__ import annotations

from tests.console.house import House, patient
from tests.portal.house import account, reader


def test_a_patient_asks_and_staff_answer(house: House) -> None:
    """What the patient writes waits in the pool's inbox, new; the answer is new to the patient; each reads it once."""
    ana = reader(house, "ana")
    ana.open("/messages/new")
    ana.send("/messages/new", pool="billing", subject="Charged twice?", text="Why was I charged twice?")
    thread = ana.path.removeprefix(ana.here)
    assert "Why was I charged twice?" in ana.text
    desk = house.browser("desk")
    desk.get("/console/messages?pool=billing")
    assert "Charged twice?" in desk.text
    assert "Muñoz" in desk.text
    path = "/console" + thread
    desk.get(path)
    desk.post(path, text="Once was reversed.")
    assert "Not read by the patient yet" in desk.text
    ana.open("/messages")
    assert "New" in ana.text
    ana.open(thread)
    assert "Once was reversed." in ana.text
    assert 'class="unread"' not in ana.open("/messages").html
    assert "Read by the patient." in desk.get(path).text
    desk.post(f"{path}/close")
    assert "Closed." in desk.text


def test_a_message_without_words_is_told_at_its_field(house: House) -> None:
    """The form comes back with what was typed, and says what is missing."""
    ana = reader(house, "ana")
    ana.open("/messages/new")
    ana.send("/messages/new", pool="billing", subject="A question", text="")
    assert ana.status == 400
    assert 'value="A question"' in ana.html
    assert 'id="text-wrong"' in ana.html


def test_staff_note_a_call_and_pass_it_on(house: House) -> None:
    """A phone note for the clinical pool is given to the doctor by a day; it is in the doctor's own inbox and in the log."""
    who = house.ids["patient"]
    desk = house.browser("desk")
    path = f"/console/patients/{who}/messages/new"
    desk.get(f"{path}?kind=THREAD_KIND_PHONE_NOTE")
    desk.post(
        path,
        subject="Dizzy since noon",
        text="Call back please",
        pool="clinical",
        due="t",
        caller_phone="212 555 0142",
        kind="THREAD_KIND_PHONE_NOTE",
    )
    desk.get("/console/messages?pool=clinical")
    assert "Dizzy since noon" in desk.text
    call = house.api("desk")
    (note,) = [t for t in call("GET", f"/v1/threads?patient_id={who}")["threads"] if t["subject"] == "Dizzy since noon"]
    thread = f"/console/messages/{note['thread_id']}"
    desk.get(thread)
    desk.post(f"{thread}/assign", pool="clinical", assignee_id=house.ids["doctor"], due="t+1")
    doctor = house.browser("doctor")
    assert "Dizzy since noon" in doctor.get("/console/messages").text
    assert "Okafor" in doctor.text
    assert "Dizzy since noon" in desk.get(f"/console/patients/{who}/messages/log").text
    assert "Dizzy since noon" in desk.get(f"/console/patients/{who}/messages/log?format=csv").html
    assert "Dizzy since noon" not in reader(house, "ana").open("/messages").text
    desk.get(thread)
    desk.post(f"{thread}/assign", pool="clinical", due="whenever")
    assert desk.status == 400


def test_another_patients_thread_is_not_there(house: House) -> None:
    """Neither to read nor to answer."""
    other = patient(house, "Novak", "Nina", contact_points=[{"kind": "CONTACT_KIND_MOBILE", "value": "+12125550178"}])
    account(house, "nina", other)
    mine = house.api()("GET", f"/v1/threads?patient_id={house.ids['patient']}")["threads"]
    nina = reader(house, "nina")
    assert "Nothing is open between us" in nina.open("/messages").text
    for each in mine:
        assert nina.open(f"/messages/{each['thread_id']}").status == 404
