"""A tenant's first forms and consents."""

from __future__ import annotations

from chassis.call import Call
from patient_registry.domain import standard_intake
from patient_registry.store_intake import IntakeStore
from patient_registry.usecases.intake_forms import NewForm, form_row
from patient_registry.usecases.signed_consents import NewText, text_row


def install(call: Call) -> None:
    """Gives a tenant that has none the standard forms and consents; what it has published itself stays as it is."""
    store = IntakeStore(call.session)
    for form in standard_intake.FORMS:
        if store.form(form.code) is None:
            store.add(form_row(call, NewForm(form.code, form.title, form.ask, form.sections, form.text), 1))
    for consent in standard_intake.CONSENTS:
        if store.consent_text(consent.code) is None:
            store.add(text_row(call, NewText(consent.code, consent.title, consent.text, consent.valid_days), None))
