"""Before a visit, as a patient does it: step by step, with pauses, and nobody else's."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest

from tests.console.house import House, patient, visit
from tests.patient_registry.cases_intake import drawn, photo
from tests.portal.house import Reader, account, reader


@pytest.fixture(scope="module")
def booked(house: House) -> dict[str, str]:
    """Ana's next visit, and somebody else's."""
    other = patient(house, "Berg", "Otto", contact_points=[{"kind": "CONTACT_KIND_MOBILE", "value": "+12125550177"}])
    account(house, "otto", other)
    mine = visit(house, house.ids["patient"])
    theirs = visit(house, other)
    return {"mine": mine["appointment_id"], "theirs": theirs["appointment_id"], "other": other}


def at(booked: dict[str, str], rest: str = "") -> str:
    return f"/prepare/{booked['mine']}{rest}"


def send_picture(ana: Reader, path: str, picture: str, content: bytes, name: str = "card.jpg") -> Reader:
    """Sends the page's form with a file, as a phone does."""
    fields: dict[str, Any] = dict(ana.fields(ana.here + path))
    fields |= {"picture": picture, "content": (io.BytesIO(content), name)}
    ana._keep(ana.client.post(ana.here + path, data=fields, content_type="multipart/form-data", follow_redirects=True))
    return ana


def test_a_visit_is_prepared_from_the_first_step_to_the_last(house: House, booked: dict[str, str]) -> None:
    """Contact, insurance, card, ID, three consents and two forms: each page leads to the next, and at the end nothing is left."""
    ana = reader(house, "ana")
    ana.open(at(booked))
    assert "Prepare your visit" in ana.text
    assert "0 of 9 done" in ana.text
    ana.open(at(booked, "/next"))
    assert ana.path.endswith("/contact")
    ana.send(
        at(booked, "/contact"),
        **{"patient.preferred_name": "Anita", "patient.contact_points[0].value": "(212) 555-0143"},
    )
    assert ana.path.endswith("/insurance"), ana.text
    assert house.api()("GET", f"/v1/patients/{house.ids['patient']}")["preferred_name"] == "Anita"
    ana.send(at(booked, "/insurance"))
    assert ana.path.endswith("/card")
    send_picture(ana, at(booked, "/card"), "front", photo())
    assert "Can everything be read?" in ana.text
    ana.open(at(booked, "/next"))
    assert ana.path.endswith("/photo-id")
    ana.send(at(booked, "/photo-id/leave-out"))
    for code in ("financial-responsibility", "privacy-practices", "treatment"):
        assert ana.path.endswith(f"/consent/{code}"), ana.text
        signature = "data:image/png;base64," + base64.b64encode(drawn()).decode()
        ana.send(at(booked, f"/consent/{code}"), signer_name="Ana Muñoz", drawn=signature)
    assert ana.path.endswith("/form/health-history"), ana.text
    ana.send(at(booked, "/form/health-history"))
    form = ana.path.removeprefix(ana.here)
    ana.send(
        form, **{"answers.has_allergies": "yes", "answers.takes_medicines": "no", "answers.allergies": "Penicillin"}
    )
    ana.send(form, **{"answers.conditions": ["asthma", "stroke"], "answers.had_surgery": "no"})
    ana.send(form, **{"answers.tobacco": "never"})
    assert ana.path.endswith("/form/reason-for-visit"), ana.text
    ana.send(at(booked, "/form/reason-for-visit"))
    form = ana.path.removeprefix(ana.here)
    ana.send(form, **{"answers.reason": "My knee", "answers.since_accident": "no"})
    assert "Everything is done" in ana.text
    kept = house.api()("GET", f"/v1/patients/{house.ids['patient']}/visits/{booked['mine']}/intake-checklist")
    assert kept["complete"]


def test_what_is_missing_is_told_at_its_question_and_a_pause_loses_nothing(
    house: House, booked: dict[str, str]
) -> None:
    """A form that is stopped is gone on with where it was left; the last page names the question that has no answer."""
    otto = reader(house, "otto")
    path = f"/prepare/{booked['theirs']}/form/health-history"
    otto.open(path)
    otto.send(path)
    form = otto.path.removeprefix(otto.here)
    otto.send(form, **{"answers.has_allergies": "yes"}, later="1")
    assert "Begun" in otto.text
    otto.open(path)
    otto.send(path)
    assert otto.path.removeprefix(otto.here) == form
    assert 'value="yes" checked' in otto.html
    otto.send(form, **{"answers.has_allergies": "yes"})
    otto.send(form)
    otto.send(form)
    assert otto.status == 400
    assert "page 1 of 3" in otto.text
    assert otto.html.count("is required") >= 2, otto.text


def test_a_picture_that_is_none_is_refused_at_its_input(house: House, booked: dict[str, str]) -> None:
    """A page, a script or a broken file is told so, and nothing is filed."""
    otto = reader(house, "otto")
    path = f"/prepare/{booked['theirs']}/card"
    otto.open(path)
    send_picture(otto, path, "back", b"<html><script>alert(1)</script></html>", "card.jpg")
    assert otto.status == 400
    assert "must be a picture" in otto.text
    found = house.api()("GET", f"/v1/patients/{booked['other']}/documents")
    assert not found.get("documents")


def test_another_patients_preparation_is_not_there(house: House, booked: dict[str, str]) -> None:
    """Neither the steps nor the forms, pictures or papers of somebody else are shown."""
    call = house.api()
    mine = call("GET", f"/v1/patients/{house.ids['patient']}/documents")["documents"][0]["document_id"]
    signed = call("GET", f"/v1/patients/{house.ids['patient']}/signed-consents")["consents"][0]["consent_id"]
    response = call("GET", f"/v1/form-responses?patient_id={house.ids['patient']}")["responses"][0]["response_id"]
    otto = reader(house, "otto")
    for path in (
        f"/prepare/{booked['mine']}",
        f"/prepare/{booked['mine']}/card",
        f"/forms/{response}",
        f"/documents/{mine}",
        f"/consents/{signed}/pdf",
    ):
        assert otto.open(path).status == 404, path
    assert otto.open("/papers").status == 200
    assert "Penicillin" not in otto.text


def test_papers_show_what_was_sent_and_a_consent_is_taken_back(house: House, booked: dict[str, str]) -> None:
    """The patient sees their own answers, picture and consents, as PDF too, and can take a consent back."""
    ana = reader(house, "ana", "es")
    ana.open("/papers")
    assert "Su historia clínica" in ana.text
    signed = house.api()("GET", f"/v1/patients/{house.ids['patient']}/signed-consents")["consents"][0]["consent_id"]
    pdf = ana.client.get(f"{ana.here}/consents/{signed}/pdf")
    assert pdf.data.startswith(b"%PDF")
    ana.send(f"/consents/{signed}/revoke")
    found = house.api()("GET", f"/v1/patients/{house.ids['patient']}/signed-consents")["consents"]
    assert [each["state"] for each in found].count("CONSENT_STATE_REVOKED") == 1


def test_pictures_are_served_as_what_they_are_and_nothing_else(house: House, booked: dict[str, str]) -> None:
    """A picture comes as JPEG that no browser may take for anything else, and without a script's leave."""
    mine = house.api()("GET", f"/v1/patients/{house.ids['patient']}/documents")["documents"][0]["document_id"]
    ana = reader(house, "ana")
    answer = ana.client.get(f"{ana.here}/documents/{mine}")
    assert answer.data.startswith(b"\xff\xd8\xff")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
