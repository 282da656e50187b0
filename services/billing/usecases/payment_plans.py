"""Payment plans: agreed, charged by due work, kept or broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from billing.domain import payment_plans as rules
from billing.domain.payment_plans import Every, Instalment, Standing
from billing.errors import NothingOwed, PlanActive
from billing.store import Store
from billing.tables_plans import PaymentPlan, PlanAttempt, StoredCard
from billing.usecases import accounts, journals, payments, stored_cards, work_items
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, Violation

STEP_DUE = "payment_plan.step"
# Local time at the network's first location at which instalments are charged.
STEP_HOUR = time(8, 0)
LOOK_AGAIN = timedelta(hours=6)
# States of a payment that brought no money, or brought it and lost it again.
FAILED = frozenset({"declined", "reversed", "disputed"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants to agree to; `instalment_minor` or `count`."""

    patient_id: UUID
    instalment_minor: int
    count: int
    every: Every
    first_due: date
    card_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as it stands today, minor units."""

    plan: PaymentPlan
    card: StoredCard | None
    instalments: Sequence[Instalment]
    standing: Standing
    paid_minor: int


def preview(call: Call, proposal: Proposal) -> tuple[int, Sequence[Instalment]]:
    """(total, instalments) of a plan over what is owed now, minor units. Raises InvalidInput, NothingOwed, NotFound."""
    store = Store(call.session)
    return _propose(call, store, _guarantor(call, store, proposal.patient_id), proposal)


def agree(call: Call, proposal: Proposal) -> PlanView:
    """Agrees a plan over what is owed now. Raises as `preview`, and PlanActive."""
    store = Store(call.session)
    guarantor_id = _guarantor(call, store, proposal.patient_id)
    account = store.lock_account(guarantor_id)
    if store.active_plan(guarantor_id) is not None:
        raise PlanActive()
    total, instalments = _propose(call, store, guarantor_id, proposal)
    if proposal.card_id is not None:
        stored_cards.usable(call, store, proposal.card_id, guarantor_id)
    plan = store.add(
        PaymentPlan(
            id=call.new_id(),
            patient_id=guarantor_id,
            card_id=proposal.card_id,
            state="active",
            total_minor=total,
            instalment_minor=instalments[0].amount_minor,
            every=proposal.every.value,
            first_due=proposal.first_due,
            agreed_at=call.now,
            agreed_by=call.principal.id,
            missed=0,
            end_reason="",
        )
    )
    account.cycle, account.next_statement_on = 0, None
    store.session.flush()
    _step_on(call, store, plan, proposal.first_due)
    return view(call, store, [plan])[0]


def _guarantor(call: Call, store: Store, patient_id: UUID) -> UUID:
    """Who pays for the patient; a patient's own token agrees for themselves only. Raises NotFound, FailedPrecondition."""
    if store.patient(patient_id) is None:
        raise NotFound("patient")
    guarantor_id = store.guarantor_of(patient_id)
    if call.principal.patient_ids and guarantor_id not in call.principal.patient_ids:
        raise FailedPrecondition("Who is billed for this patient agrees to a plan.")
    call.touch(guarantor_id)
    return guarantor_id


def _propose(call: Call, store: Store, guarantor_id: UUID, proposal: Proposal) -> tuple[int, Sequence[Instalment]]:
    total = _balance(store, guarantor_id)
    if total <= 0:
        raise NothingOwed()
    size = proposal.instalment_minor or rules.size_of(total, proposal.count)
    today = journals.local_day(call, store, None)
    objections = rules.objections(total, size, proposal.first_due, today)
    if objections:
        raise InvalidInput([Violation(field, why) for field, why in objections])
    return total, rules.schedule(total, size, proposal.every, proposal.first_due)


def _balance(store: Store, guarantor_id: UUID) -> int:
    """What the guarantor's family owes less its unapplied money, minor units."""
    with store.whole_families():
        return accounts.guarantor_sums(store, guarantor_id).balance_due_minor


# ---- reading


def get_plan(call: Call, plan_id: UUID) -> PlanView:
    """One plan as it stands today. Raises NotFound."""
    store = Store(call.session)
    return view(call, store, [store.need(PaymentPlan, plan_id, "payment plan")])[0]


def list_plans(
    call: Call, patient_id: UUID | None, state: str, page_size: int, page_token: str
) -> tuple[list[PlanView], str]:
    """Plans, the newest first."""
    store = Store(call.session)
    rows, token = store.plan_page(patient_id, state, page_size, page_token)
    return view(call, store, rows), token


def view(call: Call, store: Store, plans: Sequence[PaymentPlan]) -> list[PlanView]:
    """Plans as they stand today; one that has ended stands as it was when it ended."""
    today = journals.local_day(call, store, None)
    cards = store.cards(plan.card_id for plan in plans if plan.card_id is not None)
    with store.whole_families():
        families = store.families_of(plan.patient_id for plan in plans)
        paid = store.paid_since((plan.id, plan.agreed_at, families[plan.patient_id]) for plan in plans)
    found = []
    for plan in plans:
        instalments = _instalments(plan)
        # A completed plan was completed by whatever made the balance zero, also by what was not a payment.
        minor = plan.total_minor if plan.state == "completed" else min(plan.total_minor, max(0, paid.get(plan.id, 0)))
        standing = rules.standing(instalments, minor, today)
        card = cards.get(plan.card_id) if plan.card_id else None
        found.append(PlanView(plan, card, instalments, standing, minor))
    return found


def _instalments(plan: PaymentPlan) -> tuple[Instalment, ...]:
    return rules.schedule(plan.total_minor, plan.instalment_minor, Every(plan.every), plan.first_due)


# ---- changing


def set_card(call: Call, plan_id: UUID, card_id: UUID | None, version: int) -> PlanView:
    """The card that pays the coming instalments. Raises NotFound, StaleVersion, FailedPrecondition, InvalidInput."""
    store = Store(call.session)
    plan = _active(call, store, plan_id, version)
    if card_id is not None:
        stored_cards.usable(call, store, card_id, plan.patient_id)
    plan.card_id = card_id
    store.session.flush()
    _step_on(call, store, plan, journals.local_day(call, store, None))
    return view(call, store, [plan])[0]


def cancel(call: Call, plan_id: UUID, reason: str, version: int) -> PlanView:
    """Ends a plan; statements ask again. Raises NotFound, StaleVersion, FailedPrecondition."""
    store = Store(call.session)
    plan = _active(call, store, plan_id, version)
    _end(call, store, plan, "cancelled", reason)
    return view(call, store, [plan])[0]


def _active(call: Call, store: Store, plan_id: UUID, version: int) -> PaymentPlan:
    plan = store.lock(PaymentPlan, plan_id, "payment plan")
    call.expect_version(plan.version, version)
    if plan.state != "active":
        raise FailedPrecondition("The plan has ended.")
    return plan


def _end(call: Call, store: Store, plan: PaymentPlan, state: str, reason: str) -> None:
    plan.state, plan.ended_at, plan.end_reason = state, call.now, reason
    call.due.cancel(STEP_DUE, plan.id)
    store.session.flush()
    if state != "completed":
        accounts.plan_statement(call, store, plan.patient_id)


# ---- due work


def step(call: Call, plan_id: UUID) -> None:
    """Due work: charges what is due, counts what was missed, ends a plan that is paid or broken, and plans the next look."""
    store = Store(call.session)
    plan = store.lock(PaymentPlan, plan_id, "payment plan")
    if plan.state != "active":
        return
    store.lock_account(plan.patient_id)
    [seen] = view(call, store, [plan])
    balance = _balance(store, plan.patient_id)
    if seen.standing.left_minor == 0 or balance <= 0:
        _end(call, store, plan, "completed", "paid")
        return
    _count_missed(call, store, plan, seen)
    if plan.missed >= rules.BROKEN_BY:
        _break(call, store, plan, seen)
        return
    today = journals.local_day(call, store, None)
    current = rules.current(seen.instalments, seen.standing, today)
    behind = min(seen.standing.behind_minor, balance)
    look = _morning(store, rules.next_look(seen.instalments, seen.standing, today))
    if current is not None and seen.card is not None:
        look = min(look, _charge(call, store, plan, seen.card, current, behind) or look)
    call.due.at(STEP_DUE, plan.id, max(call.now, look))


def _charge(
    call: Call, store: Store, plan: PaymentPlan, card: StoredCard, current: Instalment, amount_minor: int
) -> datetime | None:
    """Charges the card for all that is behind, unless a charge is under way or was refused just now; when to look again, None
    when all tries for the current instalment are used up.
    """
    attempts = store.attempts_of(plan.id, current.number)
    last = attempts[-1] if attempts else None
    if last is not None and last[1].state == "pending":
        return call.now + LOOK_AGAIN
    failed = [attempt for attempt, payment in attempts if payment.state in FAILED]
    if len(failed) >= rules.MOST_ATTEMPTS:
        return None
    again = last[0].asked_at + timedelta(days=rules.RETRY_DAYS) if last is not None and failed else None
    if again is not None and call.now < again:
        return again
    payment = store.add(payments.card_payment(call, plan.patient_id, amount_minor, card.token))
    store.add(
        PlanAttempt(
            id=call.new_id(),
            plan_id=plan.id,
            patient_id=plan.patient_id,
            instalment=current.number,
            attempt=len(attempts) + 1,
            payment_id=payment.id,
            asked_at=call.now,
        )
    )
    call.due.at(payments.CHARGE_DUE, payment.id, call.now)
    return call.now + LOOK_AGAIN


def _count_missed(call: Call, store: Store, plan: PaymentPlan, seen: PlanView) -> None:
    if seen.standing.missed > plan.missed:
        work_items.open_item(
            call,
            store,
            kind="plan_missed",
            key=str(plan.id),
            title=f"{seen.standing.missed} instalments of a payment plan were missed: ask the guarantor",
            patient_id=plan.patient_id,
            amount_minor=seen.standing.behind_minor,
        )
    elif seen.standing.missed == 0 and plan.missed:
        item = store.work_item_by_key("plan_missed", str(plan.id))
        work_items.settle(call, [item] if item is not None else [], "paid")
    plan.missed = seen.standing.missed
    store.session.flush()


def _break(call: Call, store: Store, plan: PaymentPlan, seen: PlanView) -> None:
    work_items.open_item(
        call,
        store,
        kind="plan_broken",
        key=str(plan.id),
        title="A payment plan is broken: statements go out again",
        patient_id=plan.patient_id,
        amount_minor=seen.standing.left_minor,
    )
    _end(call, store, plan, "broken", f"{plan.missed} instalments were missed")


def _step_on(call: Call, store: Store, plan: PaymentPlan, day: date) -> None:
    """Plans the next look: in the morning of a day, or now when that is over."""
    call.due.at(STEP_DUE, plan.id, max(call.now, _morning(store, day)))


def _morning(store: Store, day: date) -> datetime:
    return datetime.combine(day, STEP_HOUR, accounts.network_zone(store))


def keeps(call: Call, store: Store, guarantor_id: UUID, due_minor: int) -> bool:
    """Whether an active plan covers all that a statement would ask for (minor units)."""
    plan = store.active_plan(guarantor_id)
    return plan is not None and due_minor <= view(call, store, [plan])[0].standing.left_minor
