"""Denials and underpayments as people work them: lists, letters, outcomes, playbooks, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from billing.adapters.letter_paper import render_letter
from billing.adapters.paper import dollars, readable
from billing.domain import appeals as texts
from billing.domain import denials as rules
from billing.domain.appeals import AppealText
from billing.store import Store
from billing.store_denials import Cause
from billing.tables_claims import Claim
from billing.tables_denials import Appeal, AppealTemplate, Denial, DenialPlaybook, Underpayment
from billing.tables_directory import Payer
from billing.usecases import drawers, journals, work_items
from chassis import files
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation
from chassis.files import StoredFile

FIGURES_OVER = timedelta(days=90)
MOST_CAUSES = 50
# States of a denial that nobody works any more.
ENDED = frozenset({"overturned", "upheld", "written_off"})


@dataclass(frozen=True, slots=True)
class DenialView:
    """A denial with its claim's number and its letters."""

    denial: Denial
    claim_control: str
    appeals: Sequence[Appeal]


@dataclass(frozen=True, slots=True)
class UnderpaymentView:
    """An underpayment with its claim's number."""

    underpayment: Underpayment
    claim_control: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What was denied in a period; minor units."""

    first: date
    last: date
    denials: int
    amount_minor: int
    recovered_minor: int
    closed: int
    overturned: int
    causes: Sequence[Cause]


# ---- denials


def list_denials(
    call: Call, filters: Mapping[str, object], payer_code: str, *, closed: bool, page_size: int, page_token: str
) -> tuple[list[DenialView], str]:
    """A page of denials at locations the caller may see."""
    store = Store(call.session)
    payer_id, known = _payer_filter(store, payer_code)
    if not known:
        return [], ""
    rows, token = store.denial_page(
        {**filters, "payer_id": payer_id},
        closed=closed,
        location_ids=call.principal.location_ids,
        page_size=page_size,
        page_token=page_token,
    )
    return _views(store, rows), token


def get_denial(call: Call, denial_id: UUID) -> DenialView:
    """One denial. Raises NotFound."""
    store = Store(call.session)
    row = store.need(Denial, denial_id, "denial")
    _expect_seen(call, row.location_id, "denial")
    return _views(store, [row])[0]


def assign(call: Call, denial_id: UUID, owner_id: str, version: int) -> DenialView:
    """Gives an open denial, and its work item, an owner. Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    row = _open_denial(call, store, denial_id, version)
    row.owner_id = owner_id
    for item in store.open_items_of_claim(row.claim_id, ("denial",)):
        item.owner_id = owner_id
    store.session.flush()
    return _views(store, [row])[0]


def resolve(call: Call, denial_id: UUID, state: str, note: str, version: int) -> DenialView:
    """Says how a denial ended (or that a corrected claim is on its way). Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    row = _open_denial(call, store, denial_id, version)
    row.state, row.note = state, note
    if state in ENDED:
        row.closed_at, row.closed_by = call.now, call.principal.id
        work_items.settle(call, store.open_items_of_claim(row.claim_id, ("denial",)), f"{state}: {note}")
    store.session.flush()
    return _views(store, [row])[0]


def _open_denial(call: Call, store: Store, denial_id: UUID, version: int) -> Denial:
    row = store.lock(Denial, denial_id, "denial")
    _expect_seen(call, row.location_id, "denial")
    call.expect_version(row.version, version)
    if row.closed_at is not None:
        raise FailedPrecondition("The denial is closed.")
    return row


def _views(store: Store, rows: Sequence[Denial]) -> list[DenialView]:
    controls = store.claim_controls(row.claim_id for row in rows)
    letters = store.appeals_of(row.id for row in rows)
    return [DenialView(row, controls.get(row.claim_id, ""), letters.get(row.id, [])) for row in rows]


def _expect_seen(call: Call, location_id: UUID, what: str) -> None:
    if not drawers.may_see(call, location_id):
        raise NotFound(what)


def _payer_filter(store: Store, payer_code: str) -> tuple[UUID | None, bool]:
    """(payer, whether the code is one of ours or empty)."""
    row = store.payer_row(payer_code) if payer_code else None
    return (row.id if row else None), row is not None or not payer_code


# ---- letters


def write_appeal(call: Call, denial_id: UUID, text_code: str) -> Appeal:
    """Writes the next letter about a denial. Raises NotFound (denial, text), FailedPrecondition (closed, or one is under way)."""
    store = Store(call.session)
    denial = _open_denial(call, store, denial_id, 0)
    before = store.appeals_of([denial.id]).get(denial.id, [])
    if before and before[-1].state in ("drafted", "sent"):
        raise FailedPrecondition("The last letter about this denial has no answer yet.")
    text = newest_text(store, text_code or rules.rule_of(denial.family).text_code)
    claim = store.need(Claim, denial.claim_id, "claim")
    location = store.location(denial.location_id)
    biller = store.billing_entity(location.billing_entity_id) if location else None
    payer = store.need(Payer, denial.payer_id, "payer")
    today = journals.local_day(call, store, denial.location_id)
    patient = store.patient(denial.patient_id)
    insured = (claim.content or {}).get("insured") or {}
    words = texts.written(
        text,
        {
            "payer": payer.name,
            "claim": claim.control,
            "payer_claim": claim.payer_control,
            "patient": f"{patient.first} {patient.last}" if patient else "",
            "member_id": str(insured.get("member_id", "")),
            "service_date": readable(denial.service_date),
            "denied_on": readable(denial.denied_on),
            "amount": dollars(denial.amount_minor),
            "reasons": reasons_told(denial),
            "clinic": biller.name if biller else "",
            "npi": biller.npi if biller else "",
            "today": readable(today),
        },
    )
    level = len(before) + 1
    pdf = render_letter(text.title, payer.name, readable(today), words, biller)
    call.touch(denial.patient_id)
    return store.add(
        Appeal(
            id=call.new_id(),
            denial_id=denial.id,
            patient_id=denial.patient_id,
            level=level,
            template_code=text.code,
            template_number=text.version,
            file_id=files.put(call, f"appeal-{claim.control}-{level}.pdf", "application/pdf", pdf),
            state="drafted",
            amount_minor=denial.amount_minor,
            written_at=call.now,
            written_by=call.principal.id,
            sent_how="",
        )
    )


def reasons_told(denial: Denial) -> str:
    """The reasons as a letter names them: "CO-197 (N54), CO-50"."""
    told = dict.fromkeys(
        f"{reason['group']}-{reason['carc']}" + (f" ({', '.join(reason['rarcs'])})" if reason["rarcs"] else "")
        for reason in denial.reasons
    )
    return ", ".join(told)


def newest_text(store: Store, code: str) -> AppealText:
    """The newest version of a text; the built-in one when the clinic has none. Raises NotFound."""
    row = store.appeal_text(code)
    if row is not None:
        return AppealText(row.code, row.number, row.title, row.body)
    if code in texts.BUILT_IN:
        return texts.BUILT_IN[code]
    raise NotFound("appeal text")


def get_letter(call: Call, appeal_id: UUID) -> StoredFile:
    """The letter's PDF. Raises NotFound."""
    store = Store(call.session)
    appeal = store.need(Appeal, appeal_id, "appeal")
    _expect_seen(call, store.need(Denial, appeal.denial_id, "denial").location_id, "appeal")
    call.touch(appeal.patient_id)
    return files.get(call, appeal.file_id)


def send_appeal(call: Call, appeal_id: UUID, sent_on: date | None, how: str, version: int) -> Appeal:
    """The letter went out; the denial waits for the payer. Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    appeal, denial = _letter(call, store, appeal_id, version, "drafted", "The letter has been sent already.")
    appeal.state, appeal.sent_how = "sent", how
    appeal.sent_on = sent_on or journals.local_day(call, store, denial.location_id)
    denial.state = "appealed"
    store.session.flush()
    return appeal


def decide_appeal(call: Call, appeal_id: UUID, decision: str, version: int) -> Appeal:
    """The payer's word on a letter. Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    appeal, denial = _letter(
        call, store, appeal_id, version, "sent", "The letter is not out, or it was decided already."
    )
    appeal.state, appeal.decided_on = decision, journals.local_day(call, store, denial.location_id)
    if denial.closed_at is None and decision == "upheld":
        denial.state = "open"
    store.session.flush()
    return appeal


def _letter(
    call: Call, store: Store, appeal_id: UUID, version: int, state: str, otherwise: str
) -> tuple[Appeal, Denial]:
    appeal = store.lock(Appeal, appeal_id, "appeal")
    denial = store.lock(Denial, appeal.denial_id, "denial")
    _expect_seen(call, denial.location_id, "appeal")
    call.expect_version(appeal.version, version)
    if appeal.state != state:
        raise FailedPrecondition(otherwise)
    return appeal, denial


# ---- playbooks and texts


def add_playbook(call: Call, row: rules.Playbook) -> DenialPlaybook:
    """Adds a row of the clinic's own. Raises InvalidInput (unknown payer, dates)."""
    store = Store(call.session)
    payer_id, known = _payer_filter(store, row.payer)
    violations = [] if known else [Violation("payer_code", "is no payer of ours")]
    if row.end is not None and row.end < row.start:
        violations.append(Violation("end_date", "is before start_date"))
    if violations:
        raise InvalidInput(violations)
    return store.add(
        DenialPlaybook(
            id=call.new_id(),
            carc=row.carc,
            rarc=row.rarc,
            payer_id=payer_id,
            family=row.family,
            owner_id=row.owner_id,
            work_days=row.work_days,
            appeal_days=row.appeal_days,
            steps=row.steps,
            start_date=row.start,
            end_date=row.end,
        )
    )


def end_playbook(call: Call, playbook_id: UUID, end: date, version: int) -> DenialPlaybook:
    """Ends a row on a day. Raises NotFound, StaleVersion, InvalidInput."""
    store = Store(call.session)
    row = store.lock(DenialPlaybook, playbook_id, "playbook")
    call.expect_version(row.version, version)
    if end < row.start_date:
        raise InvalidInput([Violation("end_date", "is before the row's first day")])
    row.end_date = end
    store.session.flush()
    return row


def list_playbooks(call: Call, page_size: int, page_token: str) -> tuple[list[DenialPlaybook], str]:
    """The clinic's own rows."""
    return Store(call.session).playbook_page(page_size, page_token)


def add_text(call: Call, code: str, title: str, body: str) -> AppealTemplate:
    """Adds a version of a text. Raises InvalidInput when it names what no letter has."""
    unknown = texts.unknown_fields(body)
    if unknown:
        raise InvalidInput([Violation("body", f"{{{name}}} is nothing that a letter knows") for name in unknown])
    store = Store(call.session)
    return store.add(
        AppealTemplate(
            id=call.new_id(),
            code=code,
            number=store.next_number(f"appeal_text:{code}"),
            title=title,
            body=body,
            made_at=call.now,
            made_by=call.principal.id,
        )
    )


def list_texts(call: Call, page_size: int, page_token: str) -> tuple[list[AppealTemplate], str]:
    """The clinic's texts with their versions."""
    return Store(call.session).appeal_text_page(page_size, page_token)


# ---- figures and underpayments


def get_figures(call: Call, first: date | None, last: date | None, payer_code: str) -> Figures:
    """What was denied on the days of a period and what came back of it. Raises NotFound (payer)."""
    store = Store(call.session)
    payer_id, known = _payer_filter(store, payer_code)
    if not known:
        raise NotFound("payer")
    end = last or journals.local_day(call, store, None)
    begin = first or end - FIGURES_OVER
    sums = store.denial_sums(begin, end, payer_id)
    return Figures(begin, end, *sums, causes=store.denial_causes(begin, end, payer_id, MOST_CAUSES))


def list_underpayments(
    call: Call, filters: Mapping[str, object], payer_code: str, *, closed: bool, page_size: int, page_token: str
) -> tuple[list[UnderpaymentView], str]:
    """A page of underpayments at locations the caller may see."""
    store = Store(call.session)
    payer_id, known = _payer_filter(store, payer_code)
    if not known:
        return [], ""
    rows, token = store.underpayment_page(
        {**filters, "payer_id": payer_id},
        closed=closed,
        location_ids=call.principal.location_ids,
        page_size=page_size,
        page_token=page_token,
    )
    controls = store.claim_controls(row.claim_id for row in rows)
    return [UnderpaymentView(row, controls.get(row.claim_id, "")) for row in rows], token


def resolve_underpayment(call: Call, underpayment_id: UUID, state: str, note: str, version: int) -> UnderpaymentView:
    """Says how an underpayment stands or ended. Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    row = store.lock(Underpayment, underpayment_id, "underpayment")
    _expect_seen(call, row.location_id, "underpayment")
    call.expect_version(row.version, version)
    if row.closed_at is not None:
        raise FailedPrecondition("The underpayment is closed.")
    row.state, row.note = state, note
    if state != "disputed":
        row.closed_at, row.closed_by = call.now, call.principal.id
        work_items.settle(call, store.open_items_of_claim(row.claim_id, ("underpaid",)), f"{state}: {note}")
    store.session.flush()
    return UnderpaymentView(row, store.claim_controls([row.claim_id]).get(row.claim_id, ""))
