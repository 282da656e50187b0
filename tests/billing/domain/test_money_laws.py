"""For any sequence of claims, answers, reversals, takebacks, payments, refunds, write-offs, hand-offs, fees, invoices and balances of
another system the books stay what books are.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from billing.domain.adjustment_rules import AdjustmentTable
from billing.domain.allocation import Credit, OpenItem, Used, allocate, freed
from billing.domain.collections import reinstated
from billing.domain.ledger import (
    WRITE_OFFS,
    Account,
    Dimensions,
    Entry,
    LineBalance,
    Movement,
    agency_receipt_entries,
    application_entries,
    charge_entries,
    line_balance,
    opening_credit_entries,
    opening_entries,
    payer_payment_entries,
    proved,
    receipt_entries,
    refund_entries,
    reversal_of,
    write_off_entries,
)
from billing.domain.line_matching import ClaimLine
from billing.domain.posting import ClaimToPost, EarlierPosting, LineState, Poster, PostingDecision
from billing.domain.provider_level import provider_level
from billing.domain.remittance_entries import cash_effect, entries_for
from billing.domain.x12.remittance import Adjustment, Procedure, ProviderAdjustment, RemittanceClaim, RemittanceLine

SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)
FIRST, SECOND, PLACE, ENTITY = (uuid5(SPACE, name) for name in ("first", "second", "place", "entity"))
REASONS = (
    ("CO", "45"),
    ("CO", "97"),
    ("PR", "1"),
    ("PR", "2"),
    ("CO", "253"),
    ("OA", "23"),
    ("CO", "16"),
    ("PI", "94"),
)
TABLE = AdjustmentTable()


class Books(RuleBasedStateMachine):
    """One family's books, driven by the domain's own decisions; nothing here decides anything about money."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []
        self.claims: list[ClaimToPost] = []
        self.posted: dict[UUID, dict[str, EarlierPosting]] = {}
        self.payments: dict[UUID, datetime] = {}
        self.patient = uuid5(SPACE, "patient")
        self.charged = self.bank = 0
        self.seen: set[str] = set()
        # Fees for visits that did not take place, by their line; what is with an agency, by line in its order.
        self.fees: dict[UUID, tuple[Entry, ...]] = {}
        self.with_agency: dict[UUID, int] = {}
        # Lines that an employer, or another system's books, say a payer owes: no claim carries them.
        self.by_invoice: list[UUID] = []
        self.lines = 0

    # ---- what happens

    def post(self, entries: tuple[Entry, ...] | list[Entry]) -> None:
        if entries:
            self.entries += proved(entries)

    @rule(
        charges=st.lists(st.integers(100, 30_000), min_size=1, max_size=3), insured=st.booleans(), second=st.booleans()
    )
    def visit(self, charges: list[int], insured: bool, second: bool) -> None:
        """A visit is charged: to a payer, who may be followed by another, or to the patient."""
        number = len(self.claims)
        claim_id = uuid5(SPACE, f"claim {number}")
        lines = tuple(
            ClaimLine(uuid5(claim_id, str(at)), f"L{number}-{at}", "99213", (), 1, charge, DAY)
            for at, charge in enumerate(charges)
        )
        payer = FIRST if insured else None
        for line in lines:
            of = Dimensions(
                patient_id=self.patient, payer_id=payer, charge_line_id=line.charge_line_id, location_id=PLACE
            )
            self.post(charge_entries(line.charge_minor, of))
        self.charged += sum(charges)
        if insured:
            follows = SECOND if second else None
            claim = ClaimToPost(claim_id, f"C{number}", FIRST, self.patient, PLACE, ENTITY, follows, True, lines)
            self.claims.append(claim)
            self.posted[claim_id] = {}
        self.use_unapplied()

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), secondary=st.booleans())
    def answer(self, data: st.DataObject, secondary: bool) -> None:
        """A payer answers a claim, whatever it has answered before: balanced, with any reasons, also twice."""
        claim = data.draw(st.sampled_from(self.claims))
        if secondary and claim.next_payer_id is not None:
            claim = replace(claim, payer_id=SECOND, next_payer_id=None, first_payer=False)
        lines = [self.drawn(data, line) for line in claim.lines]
        control = f"ICN{len(self.seen)}"
        said = spoken(claim, "2" if claim.payer_id == SECOND else "1", control, lines)
        posting = self.poster().post(said, claim, ())
        self.deposit(control, posting.decisions, said.paid_minor)
        ids = {uuid5(SPACE, f"{control} {at}"): one for at, one in enumerate(posting.decisions)}
        earlier = EarlierPosting(uuid5(SPACE, control), control, said.charge_minor, said.paid_minor, ids)
        self.posted[claim.claim_id][control] = earlier

    def drawn(self, data: st.DataObject, line: ClaimLine) -> RemittanceLine:
        left = line.charge_minor
        adjustments = []
        for group, reason in data.draw(st.lists(st.sampled_from(REASONS), max_size=3, unique=True)):
            amount = data.draw(st.integers(0, left))
            left -= amount
            adjustments.append(Adjustment(group, reason, amount))
        return told(line, left, tuple(adjustments))

    @precondition(lambda self: any(self.posted.values()))
    @rule(data=st.data())
    def reversal(self, data: st.DataObject) -> None:
        """A payer takes an earlier answer back, exactly (22)."""
        claim = data.draw(st.sampled_from([one for one in self.claims if self.posted[one.claim_id]]))
        answers = self.posted[claim.claim_id]
        control = data.draw(st.sampled_from(sorted(answers)))
        undone = answers.pop(control)
        said = replace(
            spoken(claim, "22", control, []), charge_minor=-undone.charge_minor, paid_minor=-undone.paid_minor
        )
        posting = self.poster().post(said, claim, [undone])
        self.deposit(f"{control} reversed", posting.decisions, said.paid_minor)

    @rule(amount=st.integers(-20_000, 20_000), code=st.sampled_from(["WO", "FB", "72", "L6", "CS"]))
    def takeback(self, amount: int, code: str) -> None:
        """Money moves outside of claims (PLB)."""
        if amount:
            entry = ProviderAdjustment("", None, code, "REF", amount, 0)
            self.deposit(f"PLB{len(self.seen)}", (provider_level(entry, FIRST, ENTITY),), -amount)

    def deposit(self, key: str, decisions: tuple[PostingDecision, ...], payment: int) -> None:
        """A set is posted once; a second time nothing happens."""
        assert cash_effect(decisions) == payment
        for _ in range(2):
            if key not in self.seen:
                self.seen.add(key)
                self.bank += payment
                self.post([entry for decision in decisions for entry in entries_for(decision, service_date=DAY)])
        self.free_overpaid()
        self.use_unapplied()

    @rule(amount=st.integers(1, 40_000))
    def payment(self, amount: int) -> None:
        """The patient pays; the money is used on what they owe at once."""
        payment_id = uuid5(SPACE, f"payment {len(self.payments)}")
        self.payments[payment_id] = NOON + timedelta(minutes=len(self.payments))
        of = Dimensions(patient_id=self.patient, payment_id=payment_id, location_id=PLACE)
        self.post(receipt_entries(Account.CHECKS_ON_HAND, amount, of))
        self.bank += amount
        self.use_unapplied()

    @precondition(lambda self: self.unapplied())
    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        """Part of what is unapplied is given back."""
        credit = data.draw(st.sampled_from(self.unapplied()))
        amount = data.draw(st.integers(1, credit.amount_minor))
        of = Dimensions(patient_id=self.patient, payment_id=credit.payment_id, location_id=PLACE)
        self.post(refund_entries(Account.BANK, amount, of))
        self.bank -= amount

    def new_line(self, payer: UUID | None) -> Dimensions:
        self.lines += 1
        line_id = uuid5(SPACE, f"line {self.lines}")
        return Dimensions(patient_id=self.patient, payer_id=payer, charge_line_id=line_id, location_id=PLACE)

    @rule(amount=st.integers(1, 40_000), by_payer=st.booleans())
    def opening(self, amount: int, by_payer: bool) -> None:
        """Another system's books say that something is owed."""
        of = self.new_line(FIRST if by_payer else None)
        self.post(opening_entries(amount, of))
        self.charged += amount
        if by_payer and of.charge_line_id is not None:
            self.by_invoice.append(of.charge_line_id)
        self.use_unapplied()

    @rule(amount=st.integers(1, 10_000))
    def opening_credit(self, amount: int) -> None:
        """Another system's books say that the patient has paid something that is not used."""
        payment_id = uuid5(SPACE, f"payment {len(self.payments)}")
        self.payments[payment_id] = NOON + timedelta(minutes=len(self.payments))
        self.post(opening_credit_entries(amount, Dimensions(patient_id=self.patient, payment_id=payment_id)))
        self.use_unapplied()

    @precondition(lambda self: self.by_invoice)
    @rule(data=st.data())
    def invoice_payment(self, data: st.DataObject) -> None:
        """A payer without claims pays on an invoice; sometimes its check is returned."""
        line_id = data.draw(st.sampled_from(self.by_invoice))
        owed = self.balances()[line_id].open_minor
        if owed > 0:
            amount = data.draw(st.integers(1, owed))
            of = Dimensions(patient_id=self.patient, payer_id=FIRST, charge_line_id=line_id, location_id=PLACE)
            paid = payer_payment_entries(amount, of)
            self.post(paid)
            self.bank += amount
            if data.draw(st.booleans()):
                self.post(reversal_of(paid))
                self.bank -= amount

    @rule(amount=st.integers(1, 10_000))
    def fee(self, amount: int) -> None:
        """A visit was missed: a fee on the patient's own account."""
        of = self.new_line(None)
        charged = charge_entries(amount, of)
        self.post(charged)
        self.charged += amount
        assert of.charge_line_id is not None
        self.fees[of.charge_line_id] = charged
        self.use_unapplied()

    @precondition(lambda self: self.fees)
    @rule(data=st.data())
    def waiver(self, data: st.DataObject) -> None:
        """A fee is let off, whatever became of it meanwhile."""
        line_id = data.draw(st.sampled_from(sorted(self.fees)))
        charged = self.fees.pop(line_id)
        self.post(reversal_of(charged))
        self.charged -= charged[0].amount_minor
        self.free_overpaid()
        self.use_unapplied()

    def give_up(self, account: Account) -> dict[UUID, int]:
        due = {
            line_id: balance.patient_due_minor
            for line_id, balance in self.balances().items()
            if balance.patient_due_minor > 0
        }
        for line_id, amount in due.items():
            self.post(write_off_entries(account, amount, self.on(line_id, None)))
        return due

    @rule()
    def small_balances(self) -> None:
        """What the family owes is not worth asking for."""
        self.give_up(Account.WRITE_OFF_SMALL_BALANCE)

    @precondition(lambda self: not self.with_agency)
    @rule()
    def hand_off(self) -> None:
        """What the family owes goes to an agency."""
        self.with_agency = self.give_up(Account.WRITE_OFF_BAD_DEBT)

    def left_with_agency(self) -> dict[UUID, int]:
        """What is still written off of the case, by line."""
        return {
            line_id: min(amount, self.written_off(line_id, Account.WRITE_OFF_BAD_DEBT))
            for line_id, amount in self.with_agency.items()
        }

    @precondition(lambda self: sum(self.left_with_agency().values()) > 0)
    @rule(data=st.data())
    def agency_pays(self, data: st.DataObject) -> None:
        """The agency has collected part of it and keeps its fee."""
        left = self.left_with_agency()
        amount = data.draw(st.integers(1, sum(left.values())))
        fee = data.draw(st.integers(0, amount))
        for line_id, part in zip(left, reinstated(list(left.values()), amount), strict=True):
            if part:
                self.post(write_off_entries(Account.WRITE_OFF_BAD_DEBT, -part, self.on(line_id, None)))
                self.with_agency[line_id] -= part
        payment_id = uuid5(SPACE, f"payment {len(self.payments)}")
        self.payments[payment_id] = NOON + timedelta(minutes=len(self.payments))
        of = Dimensions(patient_id=self.patient, payment_id=payment_id)
        self.post(agency_receipt_entries(amount, fee, of))
        self.bank += amount - fee
        self.use_unapplied()

    @precondition(lambda self: self.with_agency)
    @rule()
    def recall(self) -> None:
        """What is left is taken back from the agency: it is owed again."""
        for line_id, amount in self.left_with_agency().items():
            if amount > 0:
                self.post(write_off_entries(Account.WRITE_OFF_BAD_DEBT, -amount, self.on(line_id, None)))
        self.with_agency = {}
        self.use_unapplied()

    # ---- what follows by itself, by the domain's own functions

    def balances(self) -> dict[UUID, LineBalance]:
        found: dict[UUID, list[Movement]] = {}
        for entry in self.entries:
            if entry.of.charge_line_id is not None:
                movement = Movement(entry.account, entry.kind, entry.amount_minor)
                found.setdefault(entry.of.charge_line_id, []).append(movement)
        return {line_id: line_balance(movements) for line_id, movements in found.items()}

    def poster(self) -> Poster:
        states = {
            line_id: LineState(balance.insurance_paid_minor, balance.written_off_minor, balance.open_minor)
            for line_id, balance in self.balances().items()
        }
        return Poster(TABLE, states)

    def unapplied(self) -> list[Credit]:
        left = dict.fromkeys(self.payments, 0)
        for entry in self.entries:
            if entry.account is Account.UNAPPLIED_PATIENT and entry.of.payment_id is not None:
                left[entry.of.payment_id] -= entry.amount_minor
        return [Credit(one, self.patient, minor, self.payments[one]) for one, minor in left.items() if minor > 0]

    def use_unapplied(self) -> None:
        owed = [
            OpenItem(line_id, self.patient, SPACE, balance.patient_due_minor, DAY)
            for line_id, balance in self.balances().items()
            if balance.patient_due_minor > 0
        ]
        for one in allocate(self.unapplied(), owed):
            self.post(application_entries(one.amount_minor, self.on(one.charge_line_id, one.payment_id), self.patient))

    def free_overpaid(self) -> None:
        for line_id, balance in self.balances().items():
            if balance.patient_due_minor < 0:
                used = [
                    Used(payment_id, self.patient, "", minor)
                    for payment_id in self.payments
                    if (minor := self.used(line_id, payment_id)) > 0
                ]
                used += [
                    Used(None, self.patient, account.value, minor)
                    for account in sorted(WRITE_OFFS)
                    if (minor := self.written_off(line_id, account)) > 0
                ]
                for use, minor in freed(-balance.patient_due_minor, used):
                    of = self.on(line_id, use.payment_id)
                    if use.payment_id is None:
                        self.post(write_off_entries(Account(use.account), -minor, of))
                    else:
                        self.post(application_entries(-minor, of, self.patient))

    def written_off(self, line_id: UUID, account: Account) -> int:
        """What of the patient's part of a line is given up in an account."""
        return sum(
            entry.amount_minor
            for entry in self.entries
            if entry.account is account and entry.of.charge_line_id == line_id and entry.of.payer_id is None
        )

    def used(self, line_id: UUID, payment_id: UUID) -> int:
        return sum(
            entry.amount_minor
            for entry in self.entries
            if entry.account is Account.UNAPPLIED_PATIENT
            and entry.of.charge_line_id == line_id
            and entry.of.payment_id == payment_id
        )

    def on(self, line_id: UUID, payment_id: UUID | None) -> Dimensions:
        return Dimensions(patient_id=self.patient, charge_line_id=line_id, payment_id=payment_id, location_id=PLACE)

    # ---- what is always so

    @invariant()
    def debits_are_credits(self) -> None:
        """The books add up to zero."""
        assert sum(entry.amount_minor for entry in self.entries) == 0

    @invariant()
    def a_balance_is_charges_less_payments_less_adjustments(self) -> None:
        """On each line and over all; what came in is in the bank's accounts to the cent."""
        balances = self.balances().values()
        for one in balances:
            owed = one.patient_due_minor + one.open_minor
            assert owed == one.charge_minor - one.insurance_paid_minor - one.patient_paid_minor - one.written_off_minor
        assert sum(one.charge_minor for one in balances) == self.charged
        money = {Account.INSURANCE_DEPOSITS, Account.CHECKS_ON_HAND, Account.BANK}
        assert sum(entry.amount_minor for entry in self.entries if entry.account in money) == self.bank

    @invariant()
    def no_line_is_below_zero(self) -> None:
        """Neither payers nor patients owe less than nothing on any line, nor is more left of a payment than was paid."""
        for one in self.balances().values():
            assert one.open_minor >= 0
            assert one.patient_due_minor >= 0
        assert all(credit.amount_minor >= 0 for credit in self.unapplied())


def told(line: ClaimLine, paid_minor: int, adjustments: tuple[Adjustment, ...]) -> RemittanceLine:
    return RemittanceLine(
        Procedure("HC", line.procedure, ()), line.charge_minor, paid_minor, Decimal(1), None, None, DAY, DAY,
        adjustments, line.line_control, None, (), 0,
    )  # fmt: skip


def spoken(claim: ClaimToPost, status: str, control: str, lines: list[RemittanceLine]) -> RemittanceClaim:
    patient = sum(a.amount_minor for line in lines for a in line.adjustments if a.group == "PR")
    return RemittanceClaim(
        claim.control, status, sum(line.charge_minor for line in lines), sum(line.paid_minor for line in lines), patient,
        "CI", control, "", "", "HO", "ANN", "", "", None, "", DAY, DAY, None, (), tuple(lines), (), 0, None, 0,
    )  # fmt: skip


Books.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestBooks = Books.TestCase
