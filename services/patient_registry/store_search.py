"""Searches over people: the front desk's, by contact, and FHIR's.

Row-level security lets an index be used for leak-proof comparisons only: `=`, `<`, `>=` on text are, LIKE is not. A
beginning is therefore asked for as a range in byte order (`smi` ≤ name < `smi` + the last code point).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, or_, select, text, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from chassis.errors import InvalidInput, Violation
from chassis.store import DEFAULT_PAGE, LARGEST_PAGE, BaseStore, among
from patient_registry.domain import keys
from patient_registry.domain.fhir_search import DayRange, FhirQuery, NameTest
from patient_registry.domain.search import NamePattern, Query, Term
from patient_registry.tables import Bytewise, ExternalKey, Patient, PatientKey, PatientName

# As many people with one phone number or e-mail address are told of.
MOST_SHARERS = 50
# Built once: every message asks who else has its address.
_SHARERS = text(
    """
    select wanted.key, sharers.patient_id
    from unnest(cast(:keys as text[])) as wanted(key)
    cross join lateral (
        select patient_id from patient_key
        where tenant_id = :tenant_id and key = wanted.key collate "C" order by patient_id limit :most) as sharers
    """
)
LAST_CODE_POINT = "\U0010ffff"


def begins_with(column: InstrumentedAttribute[str], beginning: str) -> ColumnElement[bool]:
    """A range condition that an index in byte order serves; every text begins with ""."""
    if not beginning:
        return true()
    return and_(column >= beginning, column < beginning + LAST_CODE_POINT)


class SearchStore(BaseStore):
    """The searches of one transaction."""

    def search(self, query: Query, page_size: int, page_token: str) -> tuple[list[Patient], str]:
        """A page of the people a front desk looks for, and the token of the next page.

        The names that may be meant are gone through best first; a person is listed once, under the first name that
        fits. Within one they are in order of name. Raises InvalidInput for a page token that is not ours.
        """
        size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        patterns = query.names or (NamePattern(),)
        place, after = _read_token(page_token, len(patterns))
        found: list[tuple[int, Any]] = []
        while place < len(patterns) and len(found) <= size:
            rows = self._named(patterns, place, query.terms, after, size + 1 - len(found))
            found.extend((place, row) for row in rows)
            place, after = place + 1, None
        token = ""
        if len(found) > size:
            found = found[:size]
            last_place, last = found[-1]
            token = _token(last_place, last)
        ids = [row.patient_id for _, row in found]
        people = {row.id: row for row in self.session.scalars(self._patients_by(ids))} if ids else {}
        return [people[patient_id] for patient_id in ids if patient_id in people], token

    def _patients_by(self, ids: Sequence[UUID]) -> Any:
        return select(Patient).where(Patient.tenant_id == self.tenant_id, among(Patient.id, ids))

    def _named(
        self,
        patterns: Sequence[NamePattern],
        place: int,
        terms: Sequence[Term],
        after: tuple[str, str, UUID] | None,
        limit: int,
    ) -> list[Any]:
        """People who fit the pattern at `place` and none before it, in order of name, from behind `after` on."""
        name, other = PatientName, aliased(PatientName)
        pattern = patterns[place]
        order = _order(name, pattern)
        earlier = [_fits(other, before) for before in patterns[:place]]
        earlier.append(and_(_fits(other, pattern), tuple_(*_order(other, pattern)[:2]) < tuple_(*order[:2])))
        listed_before = exists().where(
            other.tenant_id == self.tenant_id, other.patient_id == name.patient_id, or_(*earlier)
        )
        query = (
            select(name.family_key, name.given_key, name.patient_id)
            .where(name.tenant_id == self.tenant_id, _fits(name, pattern), ~listed_before)
            .order_by(*order)
            .limit(limit)
        )
        for term in terms:
            query = query.where(name.patient_id.in_(self._has(term)))
        if after is not None:
            values = (after[1], after[0], after[2]) if order[0] is name.given_key else after
            query = query.where(tuple_(*order) > tuple_(*(_bound(c, v) for c, v in zip(order, values, strict=True))))
        return list(self.session.execute(query))

    def _has(self, term: Term) -> Any:
        """Ids of the people who have one of the term's keys."""
        wanted = [PatientKey.key == key for key in sorted(term.keys)]
        wanted += [begins_with(PatientKey.key, beginning) for beginning in sorted(term.beginnings)]
        return select(PatientKey.patient_id).where(PatientKey.tenant_id == self.tenant_id, or_(false(), *wanted))

    def holders_of(self, key: str) -> list[UUID]:
        """Ids of the people with exactly this key (a phone number, an e-mail address); the first MOST_SHARERS of them."""
        return self.sharing([key])[key]

    def sharing(self, contact_keys: Sequence[str]) -> dict[str, list[UUID]]:
        """For each of these keys the people who have it, in order of id; the first MOST_SHARERS of them.

        A household shares a number; a shelter's or an employer's is shared by hundreds, and nobody reads them all.
        """
        found: dict[str, list[UUID]] = {key: [] for key in contact_keys}
        values = {"tenant_id": self.tenant_id, "keys": list(contact_keys), "most": MOST_SHARERS}
        for key, patient_id in self.session.execute(_SHARERS, values):
            found[key].append(patient_id)
        return found

    # --- FHIR ---------------------------------------------------------------------------------------------------------

    def fhir_search(self, wanted: FhirQuery, mrn_system: str) -> tuple[list[Patient], UUID | None]:
        """A page of the patients that fit, in order of id, and the id to go on after when there are more."""
        query = self._fhir_fitting(select(Patient), wanted, mrn_system)
        if wanted.after is not None:
            query = query.where(Patient.id > wanted.after)
        rows = list(self.session.scalars(query.order_by(Patient.id).limit(wanted.count + 1)))
        more = len(rows) > wanted.count
        rows = rows[: wanted.count]
        return rows, rows[-1].id if more else None

    def fhir_count(self, wanted: FhirQuery, mrn_system: str) -> int:
        """How many patients fit, on all pages."""
        query = self._fhir_fitting(select(func.count()).select_from(Patient), wanted, mrn_system)
        return self.session.scalars(query).one()

    def _fhir_fitting(self, query: Any, wanted: FhirQuery, mrn_system: str) -> Any:
        """The query, narrowed to the patients of a search."""
        query = query.where(Patient.tenant_id == self.tenant_id)
        for name in wanted.names:
            query = query.where(Patient.id.in_(self._ids_named(name)))
        for ranges in wanted.birth_dates:
            query = query.where(or_(*(_born(one) for one in ranges)))
        for tokens in wanted.identifiers:
            query = query.where(or_(*(self._identified(system, value, mrn_system) for system, value in tokens)))
        for numbers in wanted.phones:
            query = query.where(Patient.id.in_(self._has(Term(frozenset(keys.phone_keys(n)[0] for n in numbers)))))
        for addresses in wanted.emails:
            query = query.where(Patient.id.in_(self._has(Term(frozenset(map(keys.email_key, addresses))))))
        for sexes in wanted.sexes:
            query = query.where(Patient.sex.in_([sex.value for sex in sexes]))
        for ids in wanted.ids:
            query = query.where(Patient.id.in_(list(ids)))
        return query

    def _ids_named(self, test: NameTest) -> Any:
        columns = {
            "family": [PatientName.family_key],
            "given": [PatientName.given_key],
            "name": [PatientName.family_key, PatientName.given_key],
        }[test.part]
        fits = [
            column == text if test.exact else begins_with(column, text) for column in columns for text in test.texts
        ]
        return select(PatientName.patient_id).where(PatientName.tenant_id == self.tenant_id, or_(*fits))

    def _identified(self, system: str | None, value: str, mrn_system: str) -> ColumnElement[bool]:
        known = select(ExternalKey.record_id).where(
            ExternalKey.tenant_id == self.tenant_id, ExternalKey.resource_type == "Patient", ExternalKey.value == value
        )
        if system is None:
            return or_(Patient.mrn == value, Patient.id.in_(known))
        if system == mrn_system:
            return Patient.mrn == value
        return Patient.id.in_(known.where(ExternalKey.system == system))


def _fits(name: Any, pattern: NamePattern) -> ColumnElement[bool]:
    if not pattern.family and not pattern.given:
        in_use: ColumnElement[bool] = name.in_use.is_(True)
        return in_use
    return and_(begins_with(name.family_key, pattern.family), begins_with(name.given_key, pattern.given))


def _order(name: Any, pattern: NamePattern) -> list[Any]:
    """By the part that is looked for first, so that the index gives the rows in order."""
    if pattern.given and not pattern.family:
        return [name.given_key, name.family_key, name.patient_id]
    return [name.family_key, name.given_key, name.patient_id]


def _born(days: DayRange) -> ColumnElement[bool]:
    within = and_(
        Patient.birth_date >= days.first if days.first else true(),
        Patient.birth_date <= days.last if days.last else true(),
    )
    return ~within if days.outside else within


def _bound(column: Any, value: object) -> Any:
    return literal(value, Bytewise if isinstance(value, str) else column.type)


def _token(place: int, row: Any) -> str:
    text = json.dumps([place, row.family_key, row.given_key, str(row.patient_id)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str, patterns: int) -> tuple[int, tuple[str, str, UUID] | None]:
    if not token:
        return 0, None
    try:
        place, family, given, patient_id = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        after = (str(family), str(given), UUID(patient_id))
    except (ValueError, TypeError, AttributeError):
        raise InvalidInput([Violation("page_token", "is not a token of this search")]) from None
    if not isinstance(place, int) or not 0 <= place < patterns:
        raise InvalidInput([Violation("page_token", "is not a token of this search")])
    return place, after
