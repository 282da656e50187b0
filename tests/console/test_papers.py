"""What patients hand in, as staff see it: cards at the desk, consents, forms to look at."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.console.house import Browser, House, patient, visit
from tests.patient_registry.cases_intake import photo


@pytest.fixture(scope="module")
def handed_in(house: House) -> dict[str, Any]:
    """A patient with a visit, a signed consent, and a form that tells of another insurance."""
    call = house.api()
    who = patient(house, "Ito", "Mika")
    booked = visit(house, who)
    signing = {"code": "treatment", "text_version": 1, "language": "en", "signer_name": "Mika Ito"}
    signed = call("POST", f"/v1/patients/{who}/signed-consents", **signing)
    opened = call("POST", f"/v1/patients/{who}/form-responses:open", form_code="insurance-change")
    path = f"/v1/form-responses/{opened['response_id']}"
    answers = {"payer_name": "Sun Health", "member_id": "SUN-1", "own_policy": "yes"}
    kept = call("PATCH", path, answers=[{"field": name, "values": [value]} for name, value in answers.items()])
    sent = call("POST", f"{path}:submit", version=kept["version"])
    return {"who": who, "visit": booked["appointment_id"], "consent": signed["consent_id"], "form": sent["response_id"]}


def upload(browser: Browser, path: str, content: bytes) -> Browser:
    """Sends the page's form with a picture."""
    fields: dict[str, Any] = dict(browser.fields(path)) | {"kind": "DOCUMENT_KIND_INSURANCE_CARD_FRONT"}
    fields["content"] = (io.BytesIO(content), "card.jpg")
    answer = browser.client.post(path, data=fields, content_type="multipart/form-data")
    browser.status = answer.status_code
    return browser


def test_a_form_is_looked_at_and_what_is_ticked_becomes_the_record(house: House, handed_in: dict[str, Any]) -> None:
    """The inbox lists it; ticking the payer and the number enters the coverage; it leaves the list."""
    desk = house.browser("desk")
    assert "Your new insurance" in desk.get("/console/messages").text
    path = f"/console/forms/{handed_in['form']}"
    desk.get(path)
    assert "SUN-1" in desk.text
    desk.post(path, apply=["payer_name", "member_id"], note="Card seen")
    (made,) = house.api()("GET", f"/v1/patients/{handed_in['who']}/coverages")["coverages"]
    assert (made["payer_name"], made["member_id"]) == ("Sun Health", "SUN-1")
    assert "Your new insurance" not in desk.get("/console/messages").text
    assert "Card seen" in desk.get(path).text


def test_the_desk_files_a_card_and_sees_it_at_the_visit(house: House, handed_in: dict[str, Any]) -> None:
    """The picture is on the documents page and beside the visit, as JPEG; what is no picture is refused."""
    desk = house.browser("desk")
    path = f"/console/patients/{handed_in['who']}/documents"
    assert "Consent to treatment" in desk.get(path).text
    assert upload(desk, path, photo()).status == 303
    desk.get(path)
    assert upload(desk, path, b"<svg/>").status == 400
    part = desk.get(f"/console/visits/{handed_in['visit']}/intake", **{"HX-Request": "true", "HX-Target": "intake"})
    assert part.html.lstrip().startswith('<section class="card" id="intake"')
    assert "Insurance card, front" in part.text
    (filed,) = house.api()("GET", f"/v1/patients/{handed_in['who']}/documents")["documents"]
    answer = desk.client.get(f"/console/documents/{filed['document_id']}")
    assert (answer.content_type, answer.data[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert (
        f"/console/visits/{handed_in['visit']}/intake" in desk.get(f"/console/visits/{handed_in['visit']}/arrive").html
    )


def test_a_consent_is_shown_as_paper_and_revoked(house: House, handed_in: dict[str, Any]) -> None:
    """Staff open the PDF and revoke the consent for the patient who asks for it."""
    desk = house.browser("desk")
    assert desk.client.get(f"/console/consents/{handed_in['consent']}/pdf").data.startswith(b"%PDF")
    desk.get(f"/console/patients/{handed_in['who']}/documents")
    desk.post(f"/console/consents/{handed_in['consent']}/revoke")
    assert "Revoked" in desk.text
