"""Writing a claim from what is known now, and judging it before it may go out."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from billing.adapters.registry import Registry
from billing.domain.assembly import ClaimHead, Providers, assemble, insured_of, postal_address, with_answers
from billing.domain.charges import ChargeLine as Charge
from billing.domain.charges import VisitCharges
from billing.domain.claims import ClaimEvent, ClaimState
from billing.domain.codec import from_json, to_json
from billing.domain.diagnosis_limits import no_words
from billing.domain.line_matching import ClaimLine as OurLine
from billing.domain.payers import ClaimProvider, PayerProfile
from billing.domain.profiles import CoverageDetails, Profile
from billing.domain.scrub import Around, Finding, Severity, holds, scrub
from billing.domain.scrub_edits import EDITS
from billing.domain.secondary import EarlierAnswer, UnusableAnswer, with_coordination
from billing.domain.x12.professional_claim import (
    BillingProvider,
    Frequency,
    Payer,
    Practitioner,
    ProfessionalClaim,
    Responsibility,
    ServiceLocation,
)
from billing.domain.x12.remittance import RemittanceClaim
from billing.store import Store
from billing.tables_claims import Claim, ClaimLine, Remittance
from billing.tables_claims import RemittanceClaim as AnswerRow
from billing.usecases import claim_facts, claim_life, claim_ruling, journals, work_items
from billing.usecases.claim_ruling import LiveRules
from billing.usecases.claims import PREPARE_DUE, local_day
from chassis.call import Call
from chassis.errors import Unavailable

RETRY = timedelta(minutes=30)
WORK_KIND = "scrub"


def prepare(
    call: Call,
    claim_id: UUID,
    registry: Registry,
    billable: Container[str],
    clearinghouse: str = "",
    words_of: Callable[[str], str] = no_words,
) -> None:
    """Writes a draft claim out of the registry's, the directory's and the ledger's present state, and scrubs it.

    When the registry does not answer it is tried again later; the claim stays a draft meanwhile.
    """
    store = Store(call.session)
    claim = store.lock(Claim, claim_id, "claim")
    if claim.state != ClaimState.DRAFT:
        return
    try:
        profile = registry.profiles(call, [claim.patient_id]).get(claim.patient_id)
    except Unavailable:
        call.due.at(PREPARE_DUE, claim.id, call.now + RETRY)
        return
    coverage = profile.coverage(claim.coverage_id) if profile else None
    payer = store.payer(claim.payer_id, claim.service_date)
    visit = store.visit_charges(claim.encounter_id)
    payer = payer.through(clearinghouse, claim.service_date) if payer else None
    if profile is None or coverage is None or payer is None or visit is None:
        _hold_back(call, store, claim, [_missing("coverage", "The coverage is not on file any more.")])
        return
    lines: Sequence[ClaimLine] = store.claim_lines([claim.id]).get(claim.id, [])
    known = _providers(store, claim, visit, payer)
    if known is None:
        _hold_back(call, store, claim, [_missing("directory", "The billing entity or location is not known.")])
        return
    providers, live = known
    written = _write(claim, visit, lines, profile, coverage, payer, providers)
    facts = claim_facts.read(store, claim, visit, payer)
    written = claim_facts.with_numbers(written, lines, facts)
    ruling = claim_ruling.rule_on(call, store, claim, visit, lines, written, payer, providers.location.name, live)
    if ruling.claim is None:
        return
    written, lines = ruling.claim, ruling.lines
    findings = list(ruling.findings)
    if claim.previous_claim_id is not None:
        try:
            written = _with_earlier_answers(store, claim, visit, lines, written, profile)
        except UnusableAnswer as unusable:
            findings.append(_missing("other_payers", str(unusable)))
    around = _around(call, store, claim, written, lines, coverage, profile, payer, billable)
    around = replace(claim_facts.told(around, written, lines, facts, payer, coverage), words_of=words_of)
    findings += scrub(written, around, EDITS)
    claim.content, claim.findings, claim.charge_minor = to_json(written), to_json(findings), written.charge_minor
    if ruling.kept is not None:
        claim.content = {**claim.content, claim_ruling.KEPT: ruling.kept}
    if holds(findings):
        _hold_back(call, store, claim, findings)
        return
    work_items.settle(call, store.open_items_of_claim(claim.id, [WORK_KIND, "rejection"]), "scrubbed clean")
    claim.hold_reason = ""
    claim_life.move(call, store, claim, ClaimEvent.SCRUBBED_CLEAN, codes=[f.edit_id for f in findings])


def content_of(claim: Claim) -> ProfessionalClaim | None:
    """The claim as it was written last."""
    return from_json(ProfessionalClaim, claim.content) if claim.content is not None else None


def _hold_back(call: Call, store: Store, claim: Claim, findings: Sequence[Finding]) -> None:
    keeping = [f for f in findings if f.severity is Severity.HOLD]
    claim.findings = to_json(list(findings))
    claim.hold_reason = "; ".join(f"{f.edit_id} {f.message}" for f in keeping)[:500]
    claim_life.move(
        call, store, claim, ClaimEvent.SCRUB_FOUND, detail=claim.hold_reason, codes=[f.edit_id for f in keeping]
    )
    work_items.open_item(
        call,
        store,
        kind=WORK_KIND,
        key=str(claim.id),
        title=f"Claim {claim.control} is held: {keeping[0].message}",
        claim_id=claim.id,
        patient_id=claim.patient_id,
        payer_id=claim.payer_id,
        amount_minor=claim.charge_minor,
        detail={f.edit_id: f"{f.message} {f.fix}" for f in keeping},
    )


def _missing(field: str, message: str) -> Finding:
    return Finding(
        "DATA", 1, "Polyclinic", Severity.HOLD, field, message, "Complete it, then have the claim scrubbed again."
    )


def _providers(
    store: Store, claim: Claim, visit: VisitCharges, payer: PayerProfile
) -> tuple[Providers, LiveRules] | None:
    """Who bills, who saw the patient, where; and the live rules, which come with the same statement."""
    who = visit.rendering_practitioner_id
    if payer.claim_provider is ClaimProvider.SUPERVISING and visit.supervising_practitioner_id is not None:
        who = visit.supervising_practitioner_id
    around = store.surroundings(claim.billing_entity_id, claim.location_id, who)
    if around is None:
        return None
    entity, location, seen_by, number, rules = around
    address, place = postal_address(entity.address), postal_address(location.address)
    if address is None or place is None:
        return None
    providers = Providers(
        billing=BillingProvider(
            entity.name, entity.npi, entity.tax_id, "EI", entity.taxonomy, address, postal_address(entity.pay_to)
        ),
        rendering=Practitioner(seen_by.last, seen_by.first, seen_by.npi, seen_by.taxonomy) if seen_by else None,
        location=ServiceLocation(location.name, location.npi if location.npi != entity.npi else "", place),
    )
    return providers, LiveRules.of(number, rules)


def _write(
    claim: Claim,
    visit: VisitCharges,
    lines: Sequence[ClaimLine],
    profile: Profile,
    coverage: CoverageDetails,
    payer: PayerProfile,
    providers: Providers,
) -> ProfessionalClaim:
    charges = {line.charge_line_id: line for line in visit.lines}
    head = ClaimHead(
        control=claim.control,
        responsibility=Responsibility(claim.responsibility),
        frequency=Frequency(claim.frequency),
        payer_control=claim.payer_control,
        payer=Payer(payer.name, payer.x12_payer_id, payer.filing_indicator),
    )
    carried = [(line.line_control, charges[line.charge_line_id]) for line in lines if line.charge_line_id in charges]
    return assemble(head, visit, carried, profile, coverage, providers)


def _with_earlier_answers(
    store: Store,
    claim: Claim,
    visit: VisitCharges,
    lines: Sequence[ClaimLine],
    written: ProfessionalClaim,
    profile: Profile,
) -> ProfessionalClaim:
    """Tells the next payer what every earlier one did, the first payer first."""
    chain: list[Claim] = []
    earlier_id = claim.previous_claim_id
    while earlier_id is not None and (earlier := store.get(Claim, earlier_id)) is not None:
        chain.insert(0, earlier)
        earlier_id = earlier.previous_claim_id
    answers = store.answers_to([earlier.id for earlier in chain])
    charges = {line.charge_line_id: line for line in visit.lines}
    told_lines, others = written.lines, written.other_payers
    for earlier in chain:
        said = answers.get(earlier.id, [])
        coverage, payer = profile.coverage(earlier.coverage_id), store.payer(earlier.payer_id, claim.service_date)
        if not said or coverage is None or payer is None:
            raise UnusableAnswer("an earlier payer's answer or coverage is not on file")
        remittance = store.need(Remittance, said[-1].remittance_id, "remittance")
        theirs = _ours(store.claim_lines([earlier.id]).get(earlier.id, []), charges)
        # The earlier payer speaks of its own claim's lines: in the same order as this one's.
        renamed = {old.line_control: new.line_control for old, new in zip(theirs, _ours(lines, charges), strict=True)}
        answer = EarlierAnswer(
            payer=Payer(payer.name, payer.x12_payer_id, payer.filing_indicator),
            responsibility=Responsibility(earlier.responsibility),
            relationship=coverage.relationship,
            insured=insured_of(profile, coverage),
            answered_on=remittance.paid_on or remittance.received_at.date(),
            said=_renamed(_merged(said), renamed),
        )
        more_lines, more_others = with_coordination(written.lines, _ours(lines, charges), [answer])
        told_lines = tuple(
            replace(line, adjudications=(*line.adjudications, *new.adjudications))
            for line, new in zip(told_lines, more_lines, strict=True)
        )
        others = (*others, *more_others)
    return with_answers(written, told_lines, others)


def _ours(lines: Sequence[ClaimLine], charges: dict[UUID, Charge]) -> list[OurLine]:
    return [
        OurLine(
            line.charge_line_id,
            line.line_control,
            charges[line.charge_line_id].procedure,
            charges[line.charge_line_id].modifiers,
            charges[line.charge_line_id].units,
            charges[line.charge_line_id].charge_minor,
            charges[line.charge_line_id].service_date,
        )
        for line in lines
    ]


def _merged(rows: Sequence[AnswerRow]) -> RemittanceClaim:
    """Several CLPs about one claim (the payer split it) as one answer."""
    parts = [from_json(RemittanceClaim, row.said) for row in rows]
    merged = parts[0]
    for part in parts[1:]:
        merged = replace(
            merged,
            charge_minor=merged.charge_minor + part.charge_minor,
            paid_minor=merged.paid_minor + part.paid_minor,
            patient_minor=merged.patient_minor + part.patient_minor,
            adjustments=(*merged.adjustments, *part.adjustments),
            lines=(*merged.lines, *part.lines),
        )
    return merged


def _renamed(said: RemittanceClaim, names: dict[str, str]) -> RemittanceClaim:
    """The answer with our line numbers of another claim of the same lines."""
    lines = tuple(replace(line, line_control=names.get(line.line_control, "")) for line in said.lines)
    return replace(said, lines=lines)


def _around(
    call: Call,
    store: Store,
    claim: Claim,
    written: ProfessionalClaim,
    lines: Sequence[ClaimLine],
    coverage: CoverageDetails,
    profile: Profile,
    payer: PayerProfile,
    billable: Container[str],
) -> Around:
    replaced = store.get(Claim, claim.replaces_claim_id) if claim.replaces_claim_id else None
    corrected = Frequency(claim.frequency) is not Frequency.ORIGINAL
    balances = journals.line_balances(store, [line.charge_line_id for line in lines])
    return Around(
        today=local_day(call, store, claim),
        is_billable=lambda code, on: code in billable,
        timely_filing_days=payer.corrected_filing_days if corrected else payer.timely_filing_days,
        charged_minor=sum(balance.charge_minor for balance in balances.values()),
        coverage_from=coverage.start,
        coverage_to=coverage.end,
        died_on=profile.died_on,
        first_sent_on=replaced.sent_on if corrected and replaced else None,
        duplicates=store.duplicates_of(claim.id, claim.payer_id),
        payer_kind=payer.kind.value,
        coding=store.coding_edits((line.procedure for line in written.lines), claim.service_date),
    )
