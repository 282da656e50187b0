"""What is at hand when a visit is coded: superbills, favourites, the codes of the last visit. Nothing here changes a visit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from billing.adapters.code_book import CodeBook
from billing.domain.charge_capture import (
    MOST_BY_USE,
    Use,
    UsedProcedure,
    Visit,
    diagnoses_by_use,
    placed,
    procedures_by_use,
)
from billing.domain.charges import plain_diagnosis
from billing.domain.code_index import CodeEntry, CodeIndex
from billing.store import Store
from billing.tables_charge_capture import FavouriteCode, SuperbillTemplate
from billing.tables_money import Encounter
from billing.usecases import drawers, journals
from billing.usecases.code_sets import CodeKind, procedures_on
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation

# Favourites by use are counted over so many of a clinician's last charged visits.
LATELY = 100
MOST_FAVOURITES = 200


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a superbill; `chosen`: on the form from the start."""

    procedure: str
    modifiers: tuple[str, ...]
    units: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class PutTemplate:
    """A version of an appointment type's superbill; diagnoses without dots."""

    appointment_type_code: str
    practitioner_id: UUID | None
    start: date
    services: tuple[Service, ...]
    diagnoses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A version with the last day on which it holds (None: it holds on)."""

    row: SuperbillTemplate
    end: date | None


@dataclass(frozen=True, slots=True)
class Favourite:
    """A favourite, chosen (`row`) or by use."""

    kind: CodeKind
    code: str
    uses: int
    modifiers: tuple[str, ...]
    units: int
    row: FavouriteCode | None


@dataclass(frozen=True, slots=True)
class Words:
    """The words of codes on a day."""

    book: CodeBook
    procedures: CodeIndex

    def diagnosis(self, code: str) -> CodeEntry:
        """A diagnosis (without dot) with its words, also one that no claim may carry any more."""
        return self.book.diagnoses.entry(code) or CodeEntry(code, self.book.diagnoses.words_of(code))

    def procedure(self, code: str) -> CodeEntry:
        """A procedure with its words, where a list has some."""
        return self.procedures.entry(code) or CodeEntry(code, "")


@dataclass(frozen=True, slots=True)
class Superbill:
    """What one visit is coded from."""

    encounter: Encounter
    template: TemplateView | None
    favourites: Sequence[Favourite]
    last: Encounter | None


def words_on(call: Call, book: CodeBook, day: date | None = None) -> Words:
    """The words of a day (default: today at the network's first location)."""
    store = Store(call.session)
    return Words(book, procedures_on(call, store, book, day or journals.local_day(call, store, None)))


def get_superbill(call: Call, encounter_id: UUID) -> Superbill:
    """What a visit is coded from. Raises NotFound."""
    store = Store(call.session)
    encounter = store.need(Encounter, encounter_id, "encounter")
    if not drawers.may_see(call, encounter.location_id):
        raise NotFound("encounter")
    on_the_day = store.superbills_on(encounter.appointment_type_code, encounter.practitioner_id, encounter.service_date)
    template = next((row for row in on_the_day if row.services or row.diagnoses), None)
    return Superbill(
        encounter,
        _with_ends(store, [template])[0] if template is not None else None,
        _favourites(store, encounter.practitioner_id, None),
        _last(call, store, encounter.patient_id, None, encounter.start_time),
    )


def get_last_codes(
    call: Call, patient_id: UUID | None, practitioner_id: UUID | None, before: datetime | None
) -> Encounter:
    """The last charged visit of a patient, of a clinician, or of both together. Raises NotFound, InvalidInput."""
    if patient_id is None and practitioner_id is None:
        raise InvalidInput([Violation("patient_id", "a patient or a practitioner must be given")])
    found = _last(call, Store(call.session), patient_id, practitioner_id, before or call.now)
    if found is None:
        raise NotFound("charged visit")
    call.touch(found.patient_id)
    return found


def _last(
    call: Call, store: Store, patient_id: UUID | None, practitioner_id: UUID | None, before: datetime
) -> Encounter | None:
    patients = store.with_merged([store.canonical_patient(patient_id)]) or [patient_id] if patient_id else []
    return store.last_charged(patients, practitioner_id, before, call.principal.location_ids)


# ---- superbills


def put_template(call: Call, command: PutTemplate, book: CodeBook) -> TemplateView:
    """Adds a version, or replaces the one of that day; the same content again changes nothing. Raises InvalidInput."""
    store = Store(call.session)
    _check(store, command, book)
    row = store.superbill_from(command.appointment_type_code, command.practitioner_id, command.start)
    services = [
        {"procedure": one.procedure, "modifiers": list(one.modifiers), "units": one.units, "chosen": one.chosen}
        for one in command.services
    ]
    if row is None:
        row = SuperbillTemplate(
            id=call.new_id(),
            appointment_type_code=command.appointment_type_code,
            practitioner_id=command.practitioner_id,
            start_date=command.start,
        )
    if (row.services, row.diagnoses) != (services, list(command.diagnoses)):
        row.services, row.diagnoses = services, list(command.diagnoses)
        store.add(row)
    return _with_ends(store, [row])[0]


def list_templates(call: Call, type_code: str, page_size: int, page_token: str) -> tuple[list[TemplateView], str]:
    """Every version, by appointment type, the newest first."""
    store = Store(call.session)
    rows, token = store.superbill_page(type_code, page_size, page_token)
    return _with_ends(store, rows), token


def _check(store: Store, command: PutTemplate, book: CodeBook) -> None:
    violations = [
        Violation(f"diagnoses[{at}]", f"{code} is not a billable ICD-10-CM code")
        for at, code in enumerate(command.diagnoses)
        if not book.diagnoses.is_billable(code)
    ]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for at, one in enumerate(command.services):
        if (one.procedure, one.modifiers) in seen:
            violations.append(Violation(f"services[{at}]", "is there twice"))
        seen.add((one.procedure, one.modifiers))
    if command.practitioner_id is not None and store.practitioner(command.practitioner_id) is None:
        violations.append(Violation("practitioner_id", "is not a practitioner"))
    if violations:
        raise InvalidInput(violations)


def _with_ends(store: Store, rows: Sequence[SuperbillTemplate]) -> list[TemplateView]:
    starts = store.superbill_starts(row.appointment_type_code for row in rows)
    return [TemplateView(row, _end(row, starts)) for row in rows]


def _end(row: SuperbillTemplate, starts: Iterable[tuple[str, UUID | None, date]]) -> date | None:
    """The day before the next version of the same owner begins."""
    owner = (row.appointment_type_code, row.practitioner_id)
    following = [start for code, practitioner, start in starts if (code, practitioner) == owner]
    return min((start - timedelta(days=1) for start in following if start > row.start_date), default=None)


# ---- favourites


def list_favourites(call: Call, practitioner_id: UUID, kind: CodeKind | None) -> list[Favourite]:
    """A clinician's favourites: those they chose in their order, then those they use most."""
    return _favourites(Store(call.session), practitioner_id, kind)


def add_favourite(
    call: Call,
    practitioner_id: UUID,
    kind: CodeKind,
    code: str,
    modifiers: tuple[str, ...],
    units: int,
    position: int,
    book: CodeBook,
) -> Favourite:
    """Puts a code at a place of a clinician's list (0: at the end). Raises InvalidInput."""
    store = Store(call.session)
    plain = plain_diagnosis(code) if kind is CodeKind.DIAGNOSIS else code
    violations = []
    if store.practitioner(practitioner_id) is None:
        violations.append(Violation("practitioner_id", "is not a practitioner"))
    if kind is CodeKind.DIAGNOSIS and not book.diagnoses.is_billable(plain):
        violations.append(Violation("code", f"{code} is not a billable ICD-10-CM code"))
    if kind is CodeKind.PROCEDURE and len(plain) != 5:
        violations.append(Violation("code", f"{code} is not a CPT or HCPCS code"))
    rows = {row.code: row for row in store.favourites_of(practitioner_id, lock=True)}
    if plain not in rows and len(rows) >= MOST_FAVOURITES:
        violations.append(Violation("code", f"a list has at most {MOST_FAVOURITES} codes"))
    if violations:
        raise InvalidInput(violations)
    row = rows.get(plain) or FavouriteCode(
        id=call.new_id(), practitioner_id=practitioner_id, kind=kind.value, code=plain
    )
    row.modifiers, row.units = list(modifiers), units or 1
    for at, one in enumerate(placed(list(rows), plain, position), start=1):
        (row if one == plain else rows[one]).position = at
    store.add(row)
    return _chosen(row, {})


def remove_favourite(call: Call, favourite_id: UUID) -> None:
    """Takes a code off a clinician's list. Raises NotFound."""
    store = Store(call.session)
    row = store.lock(FavouriteCode, favourite_id, "favourite code")
    others = [one for one in store.favourites_of(row.practitioner_id, lock=True) if one.id != row.id]
    store.session.delete(row)
    for at, one in enumerate(others, start=1):
        one.position = at
    store.session.flush()


def _favourites(store: Store, practitioner_id: UUID, kind: CodeKind | None) -> list[Favourite]:
    visits = [
        Visit(
            tuple(diagnoses),
            tuple(
                UsedProcedure(str(line["procedure"]), tuple(line["modifiers"]), int(line["units"]))  # type: ignore[arg-type, call-overload]
                for line in lines
            ),
        )
        for diagnoses, lines in store.coded_lately(practitioner_id, LATELY)
    ]
    by_use = {CodeKind.DIAGNOSIS: diagnoses_by_use(visits), CodeKind.PROCEDURE: procedures_by_use(visits)}
    uses = {(of, one.code): one for of, found in by_use.items() for one in found}
    chosen = [_chosen(row, uses) for row in store.favourites_of(practitioner_id)]
    known = {(one.kind, one.code) for one in chosen}
    for of, found in by_use.items():
        fresh = [one for one in found if (of, one.code) not in known][:MOST_BY_USE]
        chosen += [Favourite(of, one.code, one.visits, one.modifiers, one.units, None) for one in fresh]
    return [one for one in chosen if kind in (None, one.kind)]


def _chosen(row: FavouriteCode, uses: dict[tuple[CodeKind, str], Use]) -> Favourite:
    kind = CodeKind(row.kind)
    used = uses.get((kind, row.code))
    return Favourite(kind, row.code, used.visits if used else 0, tuple(row.modifiers), row.units, row)
