"""Consents: the words a tenant asks for, who signed them, what holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from chassis import files
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from patient_registry import errors
from patient_registry.adapters import consent_paper, pictures
from patient_registry.adapters.consent_paper import SignedPaper
from patient_registry.domain import intake_forms
from patient_registry.domain.intake_forms import Words
from patient_registry.store import Store
from patient_registry.store_intake import IntakeStore
from patient_registry.tables import Patient
from patient_registry.tables_intake import ConsentText, SignedConsent


@dataclass(frozen=True, slots=True)
class NewText:
    """A text to be published. `valid_days` 0: a signature holds until it is revoked."""

    code: str
    title: Words
    text: Words
    valid_days: int = 0
    ask_again: bool = False
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs what; `signature` is a picture (PNG, JPEG) or empty."""

    patient_id: UUID
    code: str
    text_version: int
    language: str
    signer_name: str
    signer_relationship: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature and the words that were signed."""

    consent: SignedConsent
    text: ConsentText


def publish(call: Call, new: NewText) -> ConsentText:
    """Publishes the next version of a text; earlier signatures count on unless they are asked for again."""
    store = IntakeStore(call.session)
    before = store.consent_text(new.code)
    if before is not None:
        before.in_use = False
        call.session.flush()
    return store.add(text_row(call, new, before))


def text_row(call: Call, new: NewText, before: ConsentText | None) -> ConsentText:
    """A text's row after the version `before`, in use."""
    number = before.text_version + 1 if before else 1
    return ConsentText(
        code=new.code,
        text_version=number,
        title=intake_forms.words_json(new.title),
        text=intake_forms.words_json(new.text),
        valid_days=new.valid_days,
        accepted_from_version=number if new.ask_again or before is None else before.accepted_from_version,
        published_at=call.now,
        published_by=call.principal.name or call.principal.id,
        in_use=True,
        retired=new.retired,
    )


def listed_texts(call: Call, include_retired: bool, page_size: int, page_token: str) -> tuple[list[ConsentText], str]:
    """A page of the texts in use, by code."""
    return IntakeStore(call.session).consent_texts(include_retired, page_size, page_token)


def get_text(call: Call, code: str, text_version: int) -> ConsentText:
    """A text as it is signed now, or was in an earlier version. Raises NotFound."""
    return _text(IntakeStore(call.session), code, text_version)


def sign(call: Call, signing: Signing) -> Signed:
    """Signs a text for a patient. Raises NotFound, InvalidInput, ConsentTextChanged."""
    store = IntakeStore(call.session)
    Store(call.session).need(Patient, signing.patient_id, "patient")
    text = _text(store, signing.code)
    if text.retired:
        raise NotFound("consent text")
    if text.text_version != signing.text_version:
        raise errors.ConsentTextChanged
    file_id = None
    if signing.signature:
        try:
            drawn = pictures.signature(signing.signature)
        except pictures.NotAPicture as refused:
            raise InvalidInput([Violation("signature", str(refused))]) from None
        file_id = files.put(call, "signature.png", drawn.content_type, drawn.content)
    consent = SignedConsent(
        id=call.new_id(),
        patient_id=signing.patient_id,
        code=text.code,
        text_version=text.text_version,
        language=signing.language,
        text_digest=digest(text, signing.language),
        signer_name=" ".join(signing.signer_name.split()),
        signer_relationship=signing.signer_relationship.strip(),
        signature_file_id=file_id,
        signed_at=call.now,
        signed_by_account=call.principal.id,
        expires_on=call.now.date() + timedelta(days=text.valid_days) if text.valid_days else None,
        revoked_at=None,
        revoked_by="",
        revoked_reason="",
    )
    return Signed(store.add(consent), text)


def digest(text: ConsentText, language: str) -> str:
    """SHA-256 of title and words as they are shown in a language, in hexadecimal."""
    words = [intake_forms.words(held) for held in (text.title, text.text)]
    shown = "\n\n".join(each.in_language(language) for each in words if each)
    return hashlib.sha256(shown.encode()).hexdigest()


def listed(call: Call, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[Signed], str]:
    """A page of what a patient has signed, the newest first. Raises NotFound."""
    store = IntakeStore(call.session)
    Store(call.session).need(Patient, patient_id, "patient")
    found, token = store.signed(patient_id, page_size, page_token)
    texts = store.consent_texts_of([(row.code, row.text_version) for row in found])
    return [Signed(row, texts[row.code, row.text_version]) for row in found], token


def revoke(call: Call, consent_id: UUID, reason: str) -> Signed:
    """Takes a consent back from now on. Raises NotFound. A revoked one stays as it is."""
    store = IntakeStore(call.session)
    consent = store.lock(SignedConsent, consent_id, "consent")
    if consent.revoked_at is None:
        consent.revoked_at, consent.revoked_reason = call.now, reason
        consent.revoked_by = call.principal.name or call.principal.id
        call.session.flush()
    call.touch(consent.patient_id)
    return Signed(consent, _text(store, consent.code, consent.text_version))


def paper(call: Call, consent_id: UUID) -> bytes:
    """The signed text as PDF. Raises NotFound."""
    store = IntakeStore(call.session)
    consent = store.need(SignedConsent, consent_id, "consent")
    text = _text(store, consent.code, consent.text_version)
    patient = Store(call.session).need(Patient, consent.patient_id, "patient")
    call.touch(patient.id)
    drawn, shape = b"", (0, 0)
    if consent.signature_file_id is not None:
        drawn = files.get(call, consent.signature_file_id).read()
        shape = pictures.shape(drawn)
    facts = [
        ("Patient", f"{patient.given} {patient.family}, {patient.birth_date.isoformat()}, {patient.mrn}"),
        ("Signed at", consent.signed_at.strftime("%Y-%m-%d %H:%M UTC")),
        ("Text", f"{consent.code}, version {consent.text_version}, {consent.language}"),
        ("SHA-256 of the text", consent.text_digest),
    ]
    if consent.signer_relationship:
        facts.insert(0, ("Signed for the patient as", consent.signer_relationship))
    if consent.expires_on:
        facts.append(("Holds until", consent.expires_on.isoformat()))
    if consent.revoked_at:
        facts.append(("Revoked at", consent.revoked_at.strftime("%Y-%m-%d %H:%M UTC")))
    title, words = (intake_forms.words(held) for held in (text.title, text.text))
    return consent_paper.write(
        SignedPaper(
            title=title.in_language(consent.language) if title else consent.code,
            text=words.in_language(consent.language) if words else "",
            signer=consent.signer_name,
            facts=tuple(facts),
            signature=drawn,
            signature_shape=shape,
        )
    )


def _text(store: IntakeStore, code: str, text_version: int = 0) -> ConsentText:
    row = store.consent_text(code, text_version)
    if row is None:
        raise NotFound("consent text")
    return row
