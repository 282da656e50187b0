"""Words and signs of conversations and intake: value of a contract → (sign, kind of chip, word)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyclinic.notifications.v1 import conversations_pb2 as conversations
from polyclinic.patient_registry.v1 import intake_pb2 as intake

from gateway.web.i18n import N_
from gateway.web.page import Page

KINDS = {
    conversations.THREAD_KIND_PATIENT: ("✉", "info", N_("With the patient")),
    conversations.THREAD_KIND_STAFF: ("◆", "violet", N_("Among us")),
    conversations.THREAD_KIND_PHONE_NOTE: ("☎", "", N_("Phone note")),
}
STATES = {
    conversations.THREAD_STATE_OPEN: ("○", "info", N_("Open")),
    conversations.THREAD_STATE_CLOSED: ("■", "", N_("Closed")),
}
PASSED = {
    conversations.COMMUNICATION_KIND_SENT: ("→", "", N_("Sent")),
    conversations.COMMUNICATION_KIND_ANSWER: ("←", "info", N_("Text from the patient")),
    conversations.COMMUNICATION_KIND_PATIENT_THREAD: ("✉", "info", N_("Portal message")),
    conversations.COMMUNICATION_KIND_STAFF_THREAD: ("◆", "violet", N_("Among us")),
    conversations.COMMUNICATION_KIND_PHONE_NOTE: ("☎", "", N_("Phone note")),
}
PASSED_WORDS: Mapping[int, str] = {value: told[2] for value, told in PASSED.items()}
STEPS: Mapping[int, str] = {
    intake.INTAKE_STEP_KIND_CONTACT: N_("Contact data confirmed"),
    intake.INTAKE_STEP_KIND_INSURANCE: N_("Insurance confirmed"),
    intake.INTAKE_STEP_KIND_CARD: N_("Insurance card"),
    intake.INTAKE_STEP_KIND_PHOTO_ID: N_("Photo ID"),
}
STEP_STATES = {
    intake.INTAKE_STEP_STATE_OPEN: ("○", "warn", N_("Open")),
    intake.INTAKE_STEP_STATE_BEGUN: ("◐", "info", N_("Begun")),
    intake.INTAKE_STEP_STATE_DONE: ("✓", "good", N_("Done")),
    intake.INTAKE_STEP_STATE_LEFT_OUT: ("–", "", N_("Left out")),
}
RESPONSES = {
    intake.FORM_RESPONSE_STATE_DRAFT: ("◐", "", N_("Begun")),
    intake.FORM_RESPONSE_STATE_SUBMITTED: ("!", "warn", N_("To look at")),
    intake.FORM_RESPONSE_STATE_DONE: ("✓", "good", N_("Looked at")),
}
CONSENTS = {
    intake.CONSENT_STATE_IN_FORCE: ("✓", "good", N_("In force")),
    intake.CONSENT_STATE_EXPIRED: ("○", "warn", N_("Run out")),
    intake.CONSENT_STATE_REVOKED: ("×", "bad", N_("Revoked")),
}
CHANGES = {
    intake.CHANGE_STATE_APPLIED: ("✓", "good", N_("Changed")),
    intake.CHANGE_STATE_WAITING: ("!", "warn", N_("Waits for you")),
    intake.CHANGE_STATE_DECLINED: ("×", "", N_("Not taken")),
}
DOCUMENTS: Mapping[int, str] = {
    intake.DOCUMENT_KIND_INSURANCE_CARD_FRONT: N_("Insurance card, front"),
    intake.DOCUMENT_KIND_INSURANCE_CARD_BACK: N_("Insurance card, back"),
    intake.DOCUMENT_KIND_PHOTO_ID: N_("Photo ID"),
    intake.DOCUMENT_KIND_OTHER: N_("Document"),
}
UPLOADS = (
    ("DOCUMENT_KIND_INSURANCE_CARD_FRONT", N_("Insurance card, front")),
    ("DOCUMENT_KIND_INSURANCE_CARD_BACK", N_("Insurance card, back")),
    ("DOCUMENT_KIND_PHOTO_ID", N_("Photo ID")),
    ("DOCUMENT_KIND_OTHER", N_("Document")),
)
WAITING = intake.CHANGE_STATE_WAITING


def told(page: Page) -> Callable[[Any], str]:
    """`Words` of the contract in the reader's language; what is not translated is told in English."""
    spanish = page.language.tag[:2] == "es"
    return lambda words: str(words.es if spanish and words.es else words.en)
