"""The sliding fee, self-pay and prompt-pay discounts: decided by rule, posted as write-offs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.domain import discounts
from billing.domain.codec import from_json, to_json
from billing.domain.discounts import Discount, Policy
from billing.domain.ledger import Account, Entry, LineBalance, write_off_entries
from billing.domain.poverty_guidelines import Guideline, Region, guideline_on
from billing.store import Store
from billing.store_ledger import line_dimensions
from billing.tables_discounts import DiscountPolicy, PovertyGuideline, SlidingFee
from billing.tables_money import ChargeLine, Encounter
from billing.usecases import accounts, journals
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation

APPLY_DUE = "discount.apply"
# What each discount is booked as.
ACCOUNTS = {
    "sliding_fee": Account.WRITE_OFF_CHARITY,
    "self_pay": Account.WRITE_OFF_COURTESY,
    "prompt_pay": Account.WRITE_OFF_COURTESY,
}
NAMES = {"sliding_fee": "Sliding fee", "self_pay": "Self-pay discount", "prompt_pay": "Prompt-pay discount"}
ASKED_AGAIN_AT = time(6, 0)


@dataclass(frozen=True, slots=True)
class DetermineSlidingFee:
    """A household's income as it was shown."""

    patient_id: UUID
    household_size: int
    income_minor: int
    start: date | None
    end: date | None
    evidence: str
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """What a visit's patient owes now, what would be let off, and what may still be let off for paying promptly."""

    encounter_id: UUID
    patient_id: UUID
    owed_minor: int
    discount: Discount
    prompt_pay_minor: int
    prompt_pay_until: date | None


def put_policy(call: Call, start: date, policy: Policy, version: int) -> DiscountPolicy:
    """Adds the version that begins on a day, or replaces one that has not begun. Raises InvalidInput, StaleVersion."""
    store = Store(call.session)
    faults = discounts.faults_of(policy)
    row = store.discount_policy_from(start)
    today = journals.local_day(call, store, None)
    if row is not None and start <= today:
        faults.append(("effective_from", "a version in force is not changed: begin a new one"))
    if faults:
        raise InvalidInput([Violation(field, message) for field, message in faults])
    if row is None:
        row = DiscountPolicy(id=call.new_id(), start_date=start)
    else:
        call.expect_version(row.version, version)
    row.content = to_json(policy)
    return store.add(row)


def list_policies(call: Call, page_size: int, page_token: str) -> tuple[list[DiscountPolicy], str]:
    """Every version, the newest first."""
    return Store(call.session).discount_policies(page_size, page_token)


def policy_of(row: DiscountPolicy) -> Policy:
    """A kept policy as the domain sees it."""
    return from_json(Policy, row.content)


def put_guideline(call: Call, guideline: Guideline) -> Guideline:
    """Adds a year's guideline, or replaces the tenant's own of that day."""
    store = Store(call.session)
    row = store.poverty_guideline_from(guideline.region, guideline.start)
    if row is None:
        row = PovertyGuideline(id=call.new_id(), region=guideline.region.value, start_date=guideline.start)
    row.first_person_minor, row.each_more_minor = guideline.first_person_minor, guideline.each_more_minor
    store.add(row)
    return guideline


def determine(call: Call, command: DetermineSlidingFee) -> SlidingFee:
    """Works out a household's poverty level and keeps it (not with `dry_run`). Valid for a year unless an end is given.

    Raises NotFound (patient), InvalidInput, FailedPrecondition (no policy, no guideline of the day).
    """
    store = Store(call.session)
    if store.patient(command.patient_id) is None:
        raise NotFound("patient")
    start = command.start or journals.local_day(call, store, None)
    end = command.end or start + timedelta(days=364)
    if end < start or end > start + timedelta(days=366):
        raise InvalidInput([Violation("end", "lies within a year after the start")])
    policy = store.discount_policy(start)
    region = policy_of(policy).region if policy else Region.CONTIGUOUS
    guideline = guideline_on(store.poverty_guidelines(), region, start)
    if guideline is None:
        raise FailedPrecondition("There is no poverty guideline for that day.")
    row = SlidingFee(
        id=call.new_id(),
        patient_id=store.guarantor_of(command.patient_id),
        household_size=command.household_size,
        income_minor=command.income_minor,
        region=region.value,
        poverty_basis_points=discounts.poverty_level(command.income_minor, command.household_size, guideline),
        start_date=start,
        end_date=end,
        evidence=command.evidence,
        decided_at=call.now,
        decided_by=call.principal.id,
    )
    if not command.dry_run:
        store.add(row)
    return row


def list_determinations(
    call: Call, patient_id: UUID | None, page_size: int, page_token: str
) -> tuple[list[SlidingFee], str]:
    """A household's determinations (asked for by anybody in it), or all, the newest first."""
    store = Store(call.session)
    guarantor = store.guarantor_of(patient_id) if patient_id is not None else None
    return store.sliding_fee_page(guarantor, page_size, page_token)


def discount_on(store: Store, patient_id: UUID, owed: Sequence[int], day: date, *, insured: bool) -> Discount:
    """What is let off amounts that a patient owes for services of a day, by the policy of that day."""
    row = store.discount_policy(day)
    if row is None:
        return _no_discount(owed)
    household = store.sliding_fee_of({patient_id, store.guarantor_of(patient_id)}, day)
    level = household.poverty_basis_points if household else None
    return discounts.discount(owed, policy_of(row), level, insured=insured)


def quote(call: Call, encounter_id: UUID) -> Quote:
    """What is let off a signed visit, without posting it. Raises NotFound, FailedPrecondition."""
    store = Store(call.session)
    return _looked_at(call, store, store.need(Encounter, encounter_id, "encounter")).quote


def apply(call: Call, encounter_id: UUID) -> Quote:
    """Posts what is let off a signed visit now: by rule, and for prompt payment when the rest has been paid. Each once.

    Raises NotFound, FailedPrecondition.
    """
    store = Store(call.session)
    encounter = store.lock(Encounter, encounter_id, "encounter")
    store.lock_account(store.guarantor_of(encounter.patient_id))
    seen = _looked_at(call, store, encounter)
    posted = _post(call, store, encounter, seen.quote.discount, seen.lines)
    if not posted and seen.prompt is not None:
        posted = _post(call, store, encounter, seen.prompt, seen.lines)
    if posted:
        accounts.settle_families(call, store, [encounter.patient_id])
    return seen.quote


def at_signature(call: Call, store: Store, encounter: Encounter) -> None:
    """Lets off what the rules let off a visit that nobody insures, before money that was taken for it is used on it."""
    row = store.discount_policy(encounter.service_date)
    if row is None:
        return
    seen = _looked_at(call, store, encounter)
    _post(call, store, encounter, seen.quote.discount, seen.lines)
    if seen.quote.prompt_pay_until is not None:
        _ask_tomorrow(call, encounter)


def apply_due(call: Call, encounter_id: UUID) -> None:
    """Due work, each morning while it is prompt: whether the discount for paying promptly has been earned."""
    encounter = Store(call.session).get(Encounter, encounter_id)
    if encounter is None or encounter.state != "signed":
        return
    found = apply(call, encounter_id)
    if found.owed_minor and found.prompt_pay_until is not None:
        _ask_tomorrow(call, encounter)


def _ask_tomorrow(call: Call, encounter: Encounter) -> None:
    tomorrow = _day(call.now, encounter) + timedelta(days=1)
    call.due.at(APPLY_DUE, encounter.id, datetime.combine(tomorrow, ASKED_AGAIN_AT, ZoneInfo(encounter.time_zone)))


def _day(instant: datetime, encounter: Encounter) -> date:
    """The local day where the visit took place."""
    return instant.astimezone(ZoneInfo(encounter.time_zone)).date()


@dataclass(frozen=True, slots=True)
class _Seen:
    quote: Quote
    lines: Sequence[ChargeLine]
    # The discount for prompt payment, when what is still owed is no more than that.
    prompt: Discount | None


def _looked_at(call: Call, store: Store, encounter: Encounter) -> _Seen:
    if encounter.signed_at is None or encounter.state != "signed":
        raise FailedPrecondition("Discounts are given on signed visits.")
    lines = store.charges_of_encounters([encounter.id])
    balances = [balance for _, balance in _in_order(store, lines)]
    owed = [max(balance.patient_due_minor, 0) for balance in balances]
    shares = [max(balance.patient_share_minor, 0) for balance in balances]
    given = sum(_off(balance) for balance in balances)
    insured = any(line.payer_id is not None for line in lines)
    found = (
        _no_discount(owed)
        if given
        else discount_on(store, encounter.patient_id, shares, encounter.service_date, insured=insured)
    )
    found = discounts.within(found, owed)
    row = store.discount_policy(encounter.service_date)
    policy = policy_of(row) if row is not None and not insured else Policy()
    signed_on = _day(encounter.signed_at, encounter)
    prompt = policy.prompt_pay
    in_time = prompt is not None and prompt.in_time(signed_on, _day(call.now, encounter))
    asked = sum(shares) - given - found.total_minor
    quoted = Quote(
        encounter_id=encounter.id,
        patient_id=encounter.patient_id,
        owed_minor=sum(owed),
        discount=found,
        prompt_pay_minor=prompt.let_off(asked) if in_time and prompt is not None else 0,
        prompt_pay_until=signed_on + timedelta(days=prompt.days) if in_time and prompt is not None else None,
    )
    return _Seen(quoted, lines, discounts.prompt_pay(owed, asked, policy) if in_time else None)


def _in_order(store: Store, lines: Sequence[ChargeLine]) -> list[tuple[ChargeLine, LineBalance]]:
    balances = journals.line_balances(store, [line.id for line in lines])
    return [(line, balances[line.id]) for line in lines]


def _off(balance: LineBalance) -> int:
    """What was given up of the patient's part."""
    return balance.patient_share_minor - balance.patient_paid_minor - balance.patient_due_minor


def _no_discount(owed: Sequence[int]) -> Discount:
    return Discount("none", tuple(0 for _ in owed), sum(owed))


def _post(call: Call, store: Store, encounter: Encounter, given: Discount, lines: Sequence[ChargeLine]) -> bool:
    entries: list[Entry] = []
    for line, amount in zip(lines, given.let_off, strict=True):
        if amount:
            entries += write_off_entries(ACCOUNTS[given.kind], amount, line_dimensions(line, payer_id=None))
    if entries:
        journals.post(
            call,
            store,
            kind="write_off",
            source=("discount", f"{encounter.id}:{given.kind}"),
            memo=NAMES[given.kind],
            entries=entries,
            patient_id=encounter.patient_id,
        )
    return bool(entries)
