"""Queries of intake: forms, answers, consents, documents, what is done before a visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from chassis.ids import NIL
from chassis.store import BaseStore
from patient_registry.tables_intake import (
    ConsentText,
    FormResponse,
    IntakeConfirmation,
    IntakeForm,
    PatientDocument,
    SignedConsent,
)

# Nobody has more pictures on file; replaced ones count.
MOST_DOCUMENTS = 500
# The newest of each code, found by one look into the index for each: a long history costs no more than a short one.
_LATEST_RESPONSES = select(FormResponse).from_statement(
    text(
        """
        select found.* from unnest(cast(:codes as text[])) as wanted(code) cross join lateral (
            select * from form_response where tenant_id = :tenant_id and patient_id = :patient_id
                and form_code = wanted.code and submitted_at is not null
            order by submitted_at desc limit 1) as found
        """
    )
)
_LATEST_SIGNATURES = select(SignedConsent).from_statement(
    text(
        """
        select found.* from unnest(cast(:codes as text[])) as wanted(code) cross join lateral (
            select * from signed_consent where tenant_id = :tenant_id and patient_id = :patient_id
                and code = wanted.code
            order by signed_at desc limit 1) as found
        """
    )
)


class IntakeStore(BaseStore):
    """Queries of one transaction."""

    # --- forms --------------------------------------------------------------------------------------------------------

    def form(self, code: str, form_version: int = 0) -> IntakeForm | None:
        """A form in one version; 0 is the one in use."""
        query = select(IntakeForm).where(IntakeForm.tenant_id == self.tenant_id, IntakeForm.code == code)
        which = IntakeForm.form_version == form_version if form_version else IntakeForm.in_use
        return self.session.scalars(query.where(which)).one_or_none()

    def forms(self, include_retired: bool, page_size: int, page_token: str) -> tuple[list[IntakeForm], str]:
        """A page of the forms in use, by code."""
        query = select(IntakeForm).where(IntakeForm.tenant_id == self.tenant_id, IntakeForm.in_use)
        if not include_retired:
            query = query.where(~IntakeForm.retired)
        return self.page(query, [IntakeForm.code], page_size, page_token)

    def replace_form(self, code: str) -> int:
        """Takes the version in use out of use; its number, 0 when there is none."""
        known = self.form(code)
        if known is None:
            return 0
        known.in_use = False
        self.session.flush()
        return known.form_version

    def forms_of(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], IntakeForm]:
        """These versions of forms."""
        if not wanted:
            return {}
        pairs = [func.row(*pair) for pair in sorted(set(wanted))]
        query = select(IntakeForm).where(
            IntakeForm.tenant_id == self.tenant_id, func.row(IntakeForm.code, IntakeForm.form_version).in_(pairs)
        )
        return {(row.code, row.form_version): row for row in self.session.scalars(query)}

    # --- answers ------------------------------------------------------------------------------------------------------

    def draft(self, patient_id: UUID, code: str, appointment_id: UUID) -> FormResponse | None:
        """The draft of a form for a patient and visit (the nil UUID: none)."""
        query = select(FormResponse).where(
            FormResponse.tenant_id == self.tenant_id,
            FormResponse.patient_id == patient_id,
            FormResponse.form_code == code,
            FormResponse.appointment_id == appointment_id,
            FormResponse.state == "draft",
        )
        return self.session.scalars(query).one_or_none()

    def drafts(self, patient_id: UUID, appointment_id: UUID) -> dict[str, FormResponse]:
        """The drafts of a patient for a visit, by form."""
        query = select(FormResponse).where(
            FormResponse.tenant_id == self.tenant_id,
            FormResponse.patient_id == patient_id,
            FormResponse.appointment_id == appointment_id,
            FormResponse.state == "draft",
        )
        return {row.form_code: row for row in self.session.scalars(query)}

    def latest_responses(self, patient_id: UUID, codes: Sequence[str]) -> dict[str, FormResponse]:
        """The last submitted answers of a patient to each of these forms."""
        values = {"tenant_id": self.tenant_id, "patient_id": patient_id, "codes": list(codes)}
        return {row.form_code: row for row in self.session.scalars(_LATEST_RESPONSES, values)}

    def responses(
        self, patient_id: UUID | None, state: str, page_size: int, page_token: str
    ) -> tuple[list[FormResponse], str]:
        """A page of responses, the newest first."""
        query = select(FormResponse).where(FormResponse.tenant_id == self.tenant_id)
        if patient_id is not None:
            query = query.where(FormResponse.patient_id == patient_id)
        if state:
            query = query.where(FormResponse.state == state)
        return self.page(query, [FormResponse.started_at, FormResponse.id], page_size, page_token, descending=True)

    # --- consents -----------------------------------------------------------------------------------------------------

    def consent_text(self, code: str, text_version: int = 0) -> ConsentText | None:
        """A text in one version; 0 is the one in use."""
        query = select(ConsentText).where(ConsentText.tenant_id == self.tenant_id, ConsentText.code == code)
        which = ConsentText.text_version == text_version if text_version else ConsentText.in_use
        return self.session.scalars(query.where(which)).one_or_none()

    def consent_texts(self, include_retired: bool, page_size: int, page_token: str) -> tuple[list[ConsentText], str]:
        """A page of the texts in use, by code."""
        query = select(ConsentText).where(ConsentText.tenant_id == self.tenant_id, ConsentText.in_use)
        if not include_retired:
            query = query.where(~ConsentText.retired)
        return self.page(query, [ConsentText.code], page_size, page_token)

    def consent_texts_of(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], ConsentText]:
        """These versions of texts."""
        if not wanted:
            return {}
        pairs = [func.row(*pair) for pair in sorted(set(wanted))]
        query = select(ConsentText).where(
            ConsentText.tenant_id == self.tenant_id, func.row(ConsentText.code, ConsentText.text_version).in_(pairs)
        )
        return {(row.code, row.text_version): row for row in self.session.scalars(query)}

    def signed(self, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[SignedConsent], str]:
        """A page of what a patient has signed, the newest first."""
        query = select(SignedConsent).where(
            SignedConsent.tenant_id == self.tenant_id, SignedConsent.patient_id == patient_id
        )
        return self.page(query, [SignedConsent.signed_at, SignedConsent.id], page_size, page_token, descending=True)

    def latest_signatures(self, patient_id: UUID, codes: Sequence[str]) -> dict[str, SignedConsent]:
        """A patient's last signature under each of these texts."""
        values = {"tenant_id": self.tenant_id, "patient_id": patient_id, "codes": list(codes)}
        return {row.code: row for row in self.session.scalars(_LATEST_SIGNATURES, values)}

    # --- documents ----------------------------------------------------------------------------------------------------

    def documents(
        self, patient_id: UUID, include_replaced: bool, page_size: int, page_token: str
    ) -> tuple[list[PatientDocument], str]:
        """A page of a patient's documents, the newest first."""
        query = select(PatientDocument).where(
            PatientDocument.tenant_id == self.tenant_id, PatientDocument.patient_id == patient_id
        )
        if not include_replaced:
            query = query.where(PatientDocument.current)
        order = [PatientDocument.uploaded_at, PatientDocument.id]
        return self.page(query, order, page_size, page_token, descending=True)

    def count_documents(self, patient_id: UUID) -> int:
        """How many documents a patient has, replaced ones too."""
        query = select(func.count()).where(
            PatientDocument.tenant_id == self.tenant_id, PatientDocument.patient_id == patient_id
        )
        return self.session.scalar(query) or 0

    def replace_documents(self, patient_id: UUID, kind: str, coverage_id: UUID | None) -> None:
        """Takes the pictures of one kind (and coverage) out of use: a newer one is there."""
        self.session.execute(
            update(PatientDocument)
            .where(
                PatientDocument.tenant_id == self.tenant_id,
                PatientDocument.patient_id == patient_id,
                PatientDocument.kind == kind,
                PatientDocument.current,
                PatientDocument.coverage_id.is_not_distinct_from(coverage_id),
            )
            .values(current=False)
        )

    def newest_pictures(self, patient_id: UUID, kinds: Sequence[str]) -> dict[str, datetime]:
        """When the newest picture in use of each kind was filed."""
        found: dict[str, datetime] = {}
        for kind in kinds:
            query = (
                select(PatientDocument.uploaded_at)
                .where(
                    PatientDocument.tenant_id == self.tenant_id,
                    PatientDocument.patient_id == patient_id,
                    PatientDocument.current,
                    PatientDocument.kind == kind,
                )
                .order_by(PatientDocument.uploaded_at.desc())
                .limit(1)
            )
            newest = self.session.scalar(query)
            if newest is not None:
                found[kind] = newest
        return found

    # --- before a visit -----------------------------------------------------------------------------------------------

    def confirmations(self, patient_id: UUID, appointment_id: UUID) -> dict[str, IntakeConfirmation]:
        """What was said to be right (or left out) for a visit, by kind of step."""
        query = select(IntakeConfirmation).where(
            IntakeConfirmation.tenant_id == self.tenant_id,
            IntakeConfirmation.patient_id == patient_id,
            IntakeConfirmation.appointment_id == appointment_id,
        )
        return {row.kind: row for row in self.session.scalars(query)}

    def put_confirmation(self, values: Mapping[str, object]) -> None:
        """Writes that a step was said to be right or left out; the last word counts."""
        adding = insert(IntakeConfirmation).values(tenant_id=self.tenant_id, **values)
        changed = {name: adding.excluded[name] for name in ("left_out", "confirmed_at", "confirmed_by")}
        key = ["tenant_id", "patient_id", "appointment_id", "kind"]
        self.session.execute(adding.on_conflict_do_update(index_elements=key, set_=changed))


def visit_or_none(appointment_id: UUID) -> UUID | None:
    """The nil UUID stands for no visit in the keys of answers."""
    return None if appointment_id == NIL else appointment_id
