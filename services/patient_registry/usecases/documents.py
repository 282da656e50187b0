"""Pictures in a patient's record: cards and papers that were photographed."""

from __future__ import annotations

from uuid import UUID

from chassis import files
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from chassis.files import StoredFile
from patient_registry import errors
from patient_registry.adapters import pictures
from patient_registry.store import Store
from patient_registry.store_intake import MOST_DOCUMENTS, IntakeStore
from patient_registry.tables import Coverage, Patient
from patient_registry.tables_intake import PatientDocument

CARD_FRONT, CARD_BACK, PHOTO_ID, OTHER = "insurance_card_front", "insurance_card_back", "photo_id", "other"
# Of these the newest takes the place of the older.
REPLACED = frozenset({CARD_FRONT, CARD_BACK, PHOTO_ID})


def upload(
    call: Call, patient_id: UUID, kind: str, name: str, coverage_id: UUID | None, content: bytes
) -> PatientDocument:
    """Files a picture, written anew. Raises NotFound, InvalidInput (not a picture), TooMany."""
    store, registry = IntakeStore(call.session), Store(call.session)
    registry.lock(Patient, patient_id, "patient")
    if coverage_id is not None and registry.need(Coverage, coverage_id, "coverage").patient_id != patient_id:
        raise NotFound("coverage")
    if store.count_documents(patient_id) >= MOST_DOCUMENTS:
        raise errors.TooMany(internal="documents")
    try:
        picture = pictures.photograph(content)
    except pictures.NotAPicture as refused:
        raise InvalidInput([Violation("content", str(refused))]) from None
    if kind in REPLACED:
        store.replace_documents(patient_id, kind, coverage_id)
    file_id = files.put(call, f"{kind}.jpg", picture.content_type, picture.content)
    return store.add(
        PatientDocument(
            id=call.new_id(),
            patient_id=patient_id,
            kind=kind,
            name=name.strip(),
            coverage_id=coverage_id,
            file_id=file_id,
            content_type=picture.content_type,
            size_bytes=len(picture.content),
            width=picture.width,
            height=picture.height,
            uploaded_at=call.now,
            uploaded_by=call.principal.name or call.principal.id,
            by_patient=call.principal.kind == "patient",
            current=True,
            removed_at=None,
        )
    )


def listed(
    call: Call, patient_id: UUID, include_replaced: bool, page_size: int, page_token: str
) -> tuple[list[PatientDocument], str]:
    """A page of a patient's documents, the newest first. Raises NotFound."""
    Store(call.session).need(Patient, patient_id, "patient")
    return IntakeStore(call.session).documents(patient_id, include_replaced, page_size, page_token)


def content(call: Call, document_id: UUID) -> StoredFile:
    """A document's picture. Raises NotFound."""
    row = IntakeStore(call.session).need(PatientDocument, document_id, "document")
    call.touch(row.patient_id)
    return files.get(call, row.file_id)


def remove(call: Call, document_id: UUID) -> PatientDocument:
    """Takes a document out of use. Raises NotFound. Once more changes nothing."""
    row = IntakeStore(call.session).lock(PatientDocument, document_id, "document")
    if row.removed_at is None:
        row.current, row.removed_at = False, call.now
        call.session.flush()
    return row
