"""The registry's queries (searches are in store_search.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID
from zlib import crc32

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    cast,
    column,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from chassis.store import among
from patient_registry import rows
from patient_registry.domain import keys, mrn
from patient_registry.domain.people import Demographics, Identifier
from patient_registry.store_coverage_files import CoverageFileStore
from patient_registry.store_duplicates import DuplicateStore
from patient_registry.store_search import SearchStore
from patient_registry.tables import (
    ConsentChange,
    Coverage,
    ExternalKey,
    Patient,
    PatientKey,
    PatientName,
    PayerAlias,
    Relation,
    Visit,
    mrn_numbers,
)

LARGEST_HISTORY = 200
# Nobody has more people around them, or more coverages on file, whatever an import says; taken back ones count.
MOST_RELATIONS = 50
MOST_COVERAGES = 200
# One birth date, phone or sound of a name is shared by dozens at most; more would be a stand-in value.
MOST_CANDIDATES = 300
# A bundle with more keys than this is imported alone: the server's table of locks has its end.
MOST_IMPORT_LOCKS = 128
KEYS_A_QUERY = 5_000  # PostgreSQL takes 65,535 parameters


# Built once: every message asks whether it may be sent.
_SAID = select(ConsentChange).from_statement(
    text(
        """
        select * from (
            select *,
                row_number() over (partition by patient_id, channel, purpose order by changed_at desc, id desc) as of_kind,
                row_number() over (partition by patient_id order by changed_at desc, id desc) as of_all
            from consent_change where tenant_id = :tenant_id and patient_id = any(:patients)) as said
        where of_kind <= 2 or of_all <= :newest
        order by changed_at, id
        """
    )
)
# Built once: every step of every visit comes by here.
_VISIT = insert(Visit.__table__)
_KEEP_VISIT = _VISIT.on_conflict_do_update(
    index_elements=["tenant_id", "id"],
    set_={one.name: _VISIT.excluded[one.name] for one in Visit.__table__.columns if not one.primary_key},
    where=Visit.__table__.c.source_version < _VISIT.excluded.source_version,
)

# Built once: other services ask for people all day.
_PATIENTS = select(Patient).where(Patient.tenant_id == bindparam("tenant_id"), among(Patient.id, bindparam("ids")))
_COVERAGES = (
    select(Coverage)
    .where(Coverage.tenant_id == bindparam("tenant_id"), among(Coverage.patient_id, bindparam("patient_ids")))
    .order_by(Coverage.id)
)
_RELATIONS = (
    select(Relation)
    .where(Relation.tenant_id == bindparam("tenant_id"), among(Relation.patient_id, bindparam("patient_ids")))
    .order_by(Relation.id)
)


class Store(CoverageFileStore, DuplicateStore, SearchStore):
    """Queries of one transaction."""

    # --- patients -----------------------------------------------------------------------------------------------------

    def next_mrn(self) -> str:
        """A medical record number that nobody has had."""
        return mrn.make(self.session.scalar(select(mrn_numbers.next_value())) or 0)

    def patients(self, ids: Iterable[UUID]) -> dict[UUID, Patient]:
        """The patients with these ids that exist."""
        wanted = list(set(ids))
        if not wanted:
            return {}
        about = {"tenant_id": self.tenant_id, "ids": wanted}
        return {row.id: row for row in self.session.scalars(_PATIENTS, about)}

    def put_keys(self, patient_id: UUID, person: Demographics, mrn: str, *, new: bool = False) -> None:
        """Brings everything a person is found by into line with what is known of them."""
        wanted_keys = keys.all_keys(person, mrn, () if new else self.member_ids([patient_id])[patient_id])
        wanted_names = keys.name_keys(person)
        if not new:
            self._drop_stale_keys(patient_id, wanted_keys, wanted_names)
        values = [{"tenant_id": self.tenant_id, "key": key, "patient_id": patient_id} for key in sorted(wanted_keys)]
        self.session.execute(insert(PatientKey).on_conflict_do_nothing(), values)
        named = [
            {
                "tenant_id": self.tenant_id,
                "family_key": family,
                "given_key": given,
                "patient_id": patient_id,
                "in_use": in_use,
            }
            for (family, given), in_use in sorted(wanted_names.items())
        ]
        adding = insert(PatientName)
        key = ["tenant_id", "family_key", "given_key", "patient_id"]
        self.session.execute(
            adding.on_conflict_do_update(index_elements=key, set_={"in_use": adding.excluded.in_use}), named
        )

    def add_member_key(self, patient_id: UUID, member_id: str) -> None:
        """Makes a patient findable by a member id."""
        key = {"tenant_id": self.tenant_id, "key": keys.member_key(member_id), "patient_id": patient_id}
        self.session.execute(insert(PatientKey).on_conflict_do_nothing(), [key])

    def _drop_stale_keys(self, patient_id: UUID, wanted: frozenset[str], names: Mapping[tuple[str, str], bool]) -> None:
        self.session.execute(
            delete(PatientKey).where(
                PatientKey.tenant_id == self.tenant_id,
                PatientKey.patient_id == patient_id,
                PatientKey.key.not_in(wanted),
            )
        )
        kept = or_(*(and_(PatientName.family_key == f, PatientName.given_key == g) for f, g in names))
        self.session.execute(
            delete(PatientName).where(
                PatientName.tenant_id == self.tenant_id, PatientName.patient_id == patient_id, ~kept
            )
        )

    def member_ids(self, patient_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
        """Member ids of the patients' active coverages; every patient asked for has an entry."""
        found: dict[UUID, list[str]] = {patient_id: [] for patient_id in patient_ids}
        if not found:
            return found
        query = select(Coverage.patient_id, Coverage.member_id).where(
            Coverage.tenant_id == self.tenant_id,
            among(Coverage.patient_id, found),
            Coverage.active,
            Coverage.member_id != "",
        )
        for patient_id, member_id in self.session.execute(query):
            found[patient_id].append(member_id)
        return found

    # --- duplicates ---------------------------------------------------------------------------------------------------

    def candidates(self, blocking: Iterable[str], besides: UUID | None = None) -> dict[UUID, Patient]:
        """Patients who share one of the keys and were not merged away."""
        shared = select(PatientKey.patient_id).where(
            PatientKey.tenant_id == self.tenant_id, among(PatientKey.key, sorted(blocking))
        )
        query = (
            select(Patient)
            .where(Patient.tenant_id == self.tenant_id, Patient.id.in_(shared), Patient.merged_into.is_(None))
            .limit(MOST_CANDIDATES)
        )
        if besides is not None:
            query = query.where(Patient.id != besides)
        return {row.id: row for row in self.session.scalars(query)}

    # --- relations ----------------------------------------------------------------------------------------------------

    def relations(self, patient_ids: Iterable[UUID]) -> dict[UUID, list[Relation]]:
        """The relations of each of these patients, oldest first; every patient asked for has an entry."""
        found: dict[UUID, list[Relation]] = {patient_id: [] for patient_id in patient_ids}
        for row in self.session.scalars(_RELATIONS, {"tenant_id": self.tenant_id, "patient_ids": list(found)}):
            found[row.patient_id].append(row)
        return found

    def relations_by_id(self, ids: Iterable[UUID]) -> dict[UUID, Relation]:
        """The relations with these ids that exist."""
        wanted = list(set(ids))
        if not wanted:
            return {}
        query = select(Relation).where(Relation.tenant_id == self.tenant_id, among(Relation.id, wanted))
        return {row.id: row for row in self.session.scalars(query)}

    def relations_reached_by(self, phone: str, email: str, holders: Iterable[UUID]) -> list[Relation]:
        """Relations of people with this phone or e-mail, or who are one of these patients."""
        conditions: list[ColumnElement[bool]] = [among(Relation.related_patient_id, holders)]
        if phone:
            conditions.append(Relation.phone == phone)
        if email:
            conditions.append(Relation.email == email)
        query = select(Relation).where(Relation.tenant_id == self.tenant_id, or_(*conditions)).order_by(Relation.id)
        return list(self.session.scalars(query))

    # --- coverages ----------------------------------------------------------------------------------------------------

    def coverages(self, patient_ids: Iterable[UUID]) -> dict[UUID, list[Coverage]]:
        """All coverages of each of these patients, those taken back too; every patient asked for has an entry."""
        found: dict[UUID, list[Coverage]] = {patient_id: [] for patient_id in patient_ids}
        for row in self.session.scalars(_COVERAGES, {"tenant_id": self.tenant_id, "patient_ids": list(found)}):
            found[row.patient_id].append(row)
        return found

    def put_benefits(self, coverage_id: UUID, values: Mapping[str, object]) -> None:
        """Writes what a payer answered. The version stays: it guards what people enter, and no person is overtaken."""
        self.session.execute(
            update(Coverage)
            .where(Coverage.tenant_id == self.tenant_id, Coverage.id == coverage_id)
            .values(**values)
            .execution_options(synchronize_session="fetch")
        )

    def payer_aliases_of(self, text_keys: Sequence[str]) -> list[PayerAlias]:
        """The aliases of these normalised texts, in the order of the texts."""
        query = select(PayerAlias).where(PayerAlias.tenant_id == self.tenant_id, PayerAlias.text_key.in_(text_keys))
        known = {row.text_key: row for row in self.session.scalars(query.execution_options(populate_existing=True))}
        return [known[key] for key in text_keys if key in known]

    def put_payer_alias(self, text_key: str, text_: str, code: str, name: str) -> None:
        """Says which payer a text means."""
        adding = insert(PayerAlias).values(
            tenant_id=self.tenant_id, text_key=text_key, text=text_, payer_code=code, payer_name=name
        )
        changed = {column: adding.excluded[column] for column in ("text", "payer_code", "payer_name")}
        self.session.execute(adding.on_conflict_do_update(index_elements=["tenant_id", "text_key"], set_=changed))

    def payer_aliases(self, page_size: int, page_token: str) -> tuple[list[PayerAlias], str]:
        """A page of the aliases in order of text."""
        query = select(PayerAlias).where(PayerAlias.tenant_id == self.tenant_id)
        return self.page(query, [PayerAlias.text_key], page_size, page_token)

    # --- consent, visits ----------------------------------------------------------------------------------------------

    def consent_history(self, patient_ids: Iterable[UUID], newest: int = 0) -> dict[UUID, list[ConsentChange]]:
        """What each of these patients has said, oldest first; every patient asked for has an entry.

        Of each channel and purpose the last word and the one before it, which is what rules ask about, and the `newest`
        of all: somebody who has changed their mind for years has a long history.
        """
        found: dict[UUID, list[ConsentChange]] = defaultdict(list, {patient_id: [] for patient_id in patient_ids})
        values = {"tenant_id": self.tenant_id, "patients": list(found), "newest": newest}
        for row in self.session.scalars(_SAID, values):
            found[row.patient_id].append(row)
        return found

    def visits(self, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[Visit], str]:
        """A page of a patient's visits, newest first."""
        query = select(Visit).where(Visit.tenant_id == self.tenant_id, Visit.patient_id == patient_id)
        return self.page(query, [Visit.start_time, Visit.id], page_size, page_token, descending=True)

    def keep_visits(self, states: Sequence[Mapping[str, object]]) -> None:
        """Writes visits (a `Visit`'s columns each), several of one in their order; what is newer already stays."""
        self.session.execute(_KEEP_VISIT, [{"tenant_id": self.tenant_id, **state} for state in states])

    # --- imports, snapshot --------------------------------------------------------------------------------------------

    def serialise_imports(self, recognised_by: Iterable[Identifier]) -> None:
        """Lets one import at a time take resources with these keys, so that two at once do not make a person twice.

        A bundle locks its keys, in order, so that two bundles never wait for each other; one with very many locks the
        whole of the tenant's imports instead.
        """
        # Imports take as long as they take: wait for them as long as this call may last (`transaction_timeout`).
        self.session.execute(select(func.set_config("lock_timeout", "0", True)))
        lots = sorted({crc32(f"{key.system}|{key.value}".encode()) - 2**31 for key in recognised_by})
        imports = func.hashtext(f"imports {self.tenant_id}"), 0
        if len(lots) > MOST_IMPORT_LOCKS:
            self.session.execute(select(func.pg_advisory_xact_lock(*imports)))
            return
        self.session.execute(select(func.pg_advisory_xact_lock_shared(*imports)))
        self._lock_lots("import", lots)

    def serialise_registrations(self, blocking: Iterable[str]) -> None:
        """Lets one registration at a time look for people who share one of these keys and then file somebody: of two desks
        that register the same person at once, the second finds the first one's."""
        self._lock_lots("registration", {crc32(key.encode()) - 2**31 for key in blocking})

    def _lock_lots(self, topic: str, lots: Iterable[int]) -> None:
        """Locks numbers of a topic until the transaction ends, in order, so that nobody waits for each other."""
        self.session.execute(
            select(func.pg_advisory_xact_lock(func.hashtext(f"{topic} {self.tenant_id}"), column("lot")))
            .select_from(func.unnest(cast(sorted(lots), ARRAY(Integer))).alias("lot"))
            .order_by(column("lot"))
        ).all()

    def external_keys(self, resource_type: str, wanted: Iterable[Identifier]) -> list[ExternalKey]:
        """What is on file under any of these keys."""
        pairs = sorted({(key.system, key.value) for key in wanted})
        found: list[ExternalKey] = []
        for start in range(0, len(pairs), KEYS_A_QUERY):
            some = [func.row(*pair) for pair in pairs[start : start + KEYS_A_QUERY]]
            query = select(ExternalKey).where(
                ExternalKey.tenant_id == self.tenant_id,
                ExternalKey.resource_type == resource_type,
                func.row(ExternalKey.system, ExternalKey.value).in_(some),
            )
            found.extend(self.session.scalars(query))
        return found

    def put_external_keys(self, filed: Iterable[tuple[str, str, str, UUID, UUID, str]]) -> None:
        """Files records: (resource type, system, value, record, patient, fingerprint)."""
        names = ("resource_type", "system", "value", "record_id", "patient_id", "fingerprint")
        values = [{"tenant_id": self.tenant_id, **dict(zip(names, one, strict=True))} for one in filed]
        if not values:
            return
        adding = insert(ExternalKey)
        changed = {name: adding.excluded[name] for name in names[3:]}
        key = ["tenant_id", "resource_type", "system", "value"]
        self.session.execute(adding.on_conflict_do_update(index_elements=key, set_=changed), values)

    def patient_by_mrn(self, number: str) -> Patient | None:
        """The patient with this medical record number."""
        query = select(Patient).where(Patient.tenant_id == self.tenant_id, Patient.mrn == number)
        return self.session.scalars(query).one_or_none()

    def all_patients(self, page_size: int, page_token: str) -> tuple[list[Patient], str]:
        """A page of all patients in order of id."""
        return self.page(
            select(Patient).where(Patient.tenant_id == self.tenant_id), [Patient.id], page_size, page_token
        )

    def all_coverages(self, page_size: int, page_token: str) -> tuple[list[Coverage], str]:
        """A page of all coverages in order of id."""
        query = select(Coverage).where(Coverage.tenant_id == self.tenant_id)
        return self.page(query, [Coverage.id], page_size, page_token)

    def demographics(self, row: Patient) -> Demographics:
        """What is known of the person."""
        return rows.demographics(row)
