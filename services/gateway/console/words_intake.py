"""The words of forms that patients fill in: value → word."""

from __future__ import annotations

from polyclinic.patient_registry.v1 import intake_pb2 as intake

from gateway.web.i18n import N_

ASK: dict[int, str] = {
    intake.FORM_ASK_ONCE: N_("before the first visit"),
    intake.FORM_ASK_YEARLY: N_("once a year"),
    intake.FORM_ASK_EACH_VISIT: N_("before each visit"),
    intake.FORM_ASK_BY_HAND: N_("when somebody asks for it"),
}
KIND: dict[int, str] = {
    intake.FIELD_KIND_TEXT: N_("a line"),
    intake.FIELD_KIND_LONG_TEXT: N_("several lines"),
    intake.FIELD_KIND_YES_NO: N_("yes or no"),
    intake.FIELD_KIND_CHOICE: N_("one of the options"),
    intake.FIELD_KIND_CHOICES: N_("any of the options"),
    intake.FIELD_KIND_DATE: N_("a date"),
    intake.FIELD_KIND_PHONE: N_("a phone number"),
    intake.FIELD_KIND_EMAIL: N_("an e-mail address"),
    intake.FIELD_KIND_NUMBER: N_("a number"),
}
RECORD: dict[int, str] = {
    intake.RECORD_FIELD_PREFERRED_NAME: N_("Preferred name"),
    intake.RECORD_FIELD_LANGUAGE: N_("Language"),
    intake.RECORD_FIELD_MOBILE: N_("Mobile"),
    intake.RECORD_FIELD_EMAIL: N_("E-mail"),
    intake.RECORD_FIELD_ADDRESS_LINE: N_("Street"),
    intake.RECORD_FIELD_ADDRESS_CITY: N_("City"),
    intake.RECORD_FIELD_ADDRESS_STATE: N_("State"),
    intake.RECORD_FIELD_ADDRESS_POSTAL_CODE: N_("ZIP code"),
    intake.RECORD_FIELD_INTERPRETER_NEEDED: N_("Interpreter needed"),
    intake.RECORD_FIELD_FAMILY_NAME: N_("Family name"),
    intake.RECORD_FIELD_GIVEN_NAME: N_("Given name"),
    intake.RECORD_FIELD_BIRTH_DATE: N_("Birth date"),
    intake.RECORD_FIELD_PAYER_NAME: N_("Payer"),
    intake.RECORD_FIELD_MEMBER_ID: N_("Member number"),
    intake.RECORD_FIELD_GROUP_NUMBER: N_("Group number"),
}
