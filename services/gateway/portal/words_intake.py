"""The words of intake as patients read them, and how a drawn signature comes in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from polyclinic.patient_registry.v1 import intake_pb2 as intake

from gateway.portal.words import Known
from gateway.web.i18n import N_
from gateway.web.page import Page

SLUGS = {
    intake.INTAKE_STEP_KIND_CONTACT: "contact",
    intake.INTAKE_STEP_KIND_INSURANCE: "insurance",
    intake.INTAKE_STEP_KIND_CARD: "card",
    intake.INTAKE_STEP_KIND_PHOTO_ID: "photo-id",
    intake.INTAKE_STEP_KIND_CONSENT: "consent",
    intake.INTAKE_STEP_KIND_FORM: "form",
}
TEMPLATES = {**SLUGS, intake.INTAKE_STEP_KIND_CARD: "pictures", intake.INTAKE_STEP_KIND_PHOTO_ID: "pictures"}
STEPS: Mapping[int, str] = {
    intake.INTAKE_STEP_KIND_CONTACT: N_("How we reach you"),
    intake.INTAKE_STEP_KIND_INSURANCE: N_("Your insurance"),
    intake.INTAKE_STEP_KIND_CARD: N_("Picture of your insurance card"),
    intake.INTAKE_STEP_KIND_PHOTO_ID: N_("Picture of your photo ID"),
}
TO_DO = (intake.INTAKE_STEP_STATE_OPEN, intake.INTAKE_STEP_STATE_BEGUN)
STATES: Known = {
    intake.INTAKE_STEP_STATE_OPEN: ("○", "", N_("To do")),
    intake.INTAKE_STEP_STATE_BEGUN: ("◐", "info", N_("Begun")),
    intake.INTAKE_STEP_STATE_DONE: ("✓", "good", N_("Done")),
    intake.INTAKE_STEP_STATE_LEFT_OUT: ("–", "", N_("Left out")),
}
RESPONSES: Known = {
    intake.FORM_RESPONSE_STATE_DRAFT: ("◐", "info", N_("Begun")),
    intake.FORM_RESPONSE_STATE_SUBMITTED: ("✓", "good", N_("Sent")),
    intake.FORM_RESPONSE_STATE_DONE: ("✓", "good", N_("Read by us")),
}
CONSENTS: Known = {
    intake.CONSENT_STATE_IN_FORCE: ("✓", "good", N_("In force")),
    intake.CONSENT_STATE_EXPIRED: ("○", "", N_("Run out")),
    intake.CONSENT_STATE_REVOKED: ("×", "bad", N_("Taken back")),
}
PICTURES = {
    "front": intake.DOCUMENT_KIND_INSURANCE_CARD_FRONT,
    "back": intake.DOCUMENT_KIND_INSURANCE_CARD_BACK,
    "photo": intake.DOCUMENT_KIND_PHOTO_ID,
}
DOCUMENTS: Mapping[int, str] = {
    intake.DOCUMENT_KIND_INSURANCE_CARD_FRONT: N_("Insurance card, front"),
    intake.DOCUMENT_KIND_INSURANCE_CARD_BACK: N_("Insurance card, back"),
    intake.DOCUMENT_KIND_PHOTO_ID: N_("Photo ID"),
    intake.DOCUMENT_KIND_OTHER: N_("Document"),
}
# Kinds of fields by their numbers, for the templates.
FIELDS = {number: name.removeprefix("FIELD_KIND_").lower() for name, number in intake.FieldKind.items()}
YES_NO = (("yes", N_("Yes")), ("no", N_("No")))
_DATA_URL = "data:image/png;base64,"


def told(page: Page) -> Callable[[Any], str]:
    """`Words` of the contract in the reader's language; what is not translated is told in English."""
    spanish = page.language.tag[:2] == "es"
    return lambda words: str(words.es if spanish and words.es else words.en)


def drawn(url: str) -> bytes:
    """A signature as the drawing field sends it (a data URL of a PNG); b"" for none, and for what is no such thing."""
    if not url.startswith(_DATA_URL):
        return b""
    try:
        return base64.b64decode(url.removeprefix(_DATA_URL), validate=True)
    except binascii.Error:
        return b""
