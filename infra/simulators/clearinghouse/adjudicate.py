"""How a payer decides a claim: pure functions from claim, payer, benefits and what is left to pay to a decision.

Every line of a decision satisfies charge - Σ adjustments = paid (835 guide, section 1.10.2.1.1), so every claim does.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from infra.simulators.clearinghouse.claims import Adjustment, Claim, Line, OtherPayer
from infra.simulators.clearinghouse.config import Denial, Payer
from infra.simulators.clearinghouse.members import Benefits

UNKNOWN_PATIENT, PRIMARY, SECONDARY, TERTIARY, REVERSAL = "4", "1", "2", "3", "22"
PROCESSED = {"P": PRIMARY, "S": SECONDARY, "T": TERTIARY}
FORWARDED = {PRIMARY: "19", SECONDARY: "20", TERTIARY: "21"}
QMB_REMARKS = {"1": "N781", "2": "N782", "3": "N783"}


@dataclass(frozen=True)
class LineDecision:
    """A service line as it will stand in the 835: what was billed, allowed, adjusted and paid."""

    code: str
    modifiers: tuple[str, ...]
    units: str
    date: str
    reference: str
    charge: int
    allowed: int
    paid: int
    adjustments: tuple[Adjustment, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """A claim as it will stand in the 835."""

    status: str
    lines: tuple[LineDecision, ...]
    claim_remarks: tuple[str, ...] = ()
    forwarded_to: str = ""

    @property
    def charge(self) -> int:
        """CLP03."""
        return sum(line.charge for line in self.lines)

    @property
    def paid(self) -> int:
        """CLP04."""
        return sum(line.paid for line in self.lines)

    @property
    def patient_share(self) -> int:
        """CLP05: the sum of group PR."""
        return self._sum("PR")

    @property
    def deductible_used(self) -> int:
        """Cents of PR-1: what this claim takes from the year's deductible."""
        return self._sum("PR", "1")

    @property
    def cost_share(self) -> int:
        """Cents of PR-1, PR-2 and PR-3: what counts towards the out-of-pocket limit."""
        return sum(self._sum("PR", reason) for reason in ("1", "2", "3"))

    def _sum(self, group: str, reason: str | None = None) -> int:
        return sum(
            adjustment.amount
            for line in self.lines
            for adjustment in line.adjustments
            if adjustment.group == group and reason in (None, adjustment.reason)
        )


@dataclass(frozen=True)
class Left:
    """What the member still owes this year before the plan pays everything."""

    deductible: int
    out_of_pocket: int | None  # None = the plan has no limit


@dataclass(frozen=True)
class Fate:
    """What chance, the driver or the payer's own rules add to the ordinary course.

    `denied` maps line numbers to the denial; `factor` changes the allowed amounts (second thoughts of the payer).
    """

    denied: dict[int, Denial] = dataclasses.field(default_factory=dict)
    factor: float = 1.0


def decimal(ratio: float) -> Decimal:
    """A ratio of the configuration as the exact number that was written there."""
    return Decimal(str(ratio))


def rounded(cents: Decimal) -> int:
    """Whole cents, half a cent away from zero."""
    return int(cents.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def allowed_amount(payer: Payer, line: Line, factor: float = 1.0) -> int:
    """The fee schedule's amount for a line, never above the charge."""
    fee = payer.fees.get(line.code)
    amount = fee * line.quantity if fee is not None else line.charge * decimal(payer.allowed_ratio)
    return max(0, min(rounded(amount * decimal(factor)), line.charge))


def denials_by_rule(claim: Claim, payer: Payer, received: str, duplicates: set[int]) -> dict[int, Denial]:
    """Lines that the payer's written rules deny. `received` is CCYYMMDD; `duplicates` are line numbers paid before."""
    denied: dict[int, Denial] = {}
    codes_by_date: dict[str, set[str]] = {}
    for line in claim.lines:
        codes_by_date.setdefault(line.date, set()).add(line.code)
    for line in claim.lines:
        including = set(payer.bundled.get(line.code, ())) & codes_by_date[line.date]
        if line.number in duplicates:
            denied[line.number] = Denial("18", group="OA", remarks=("N522",))
        elif _days_between(line.date, received) > payer.timely_filing_days:
            denied[line.number] = payer.denial("29")
        elif line.code in payer.not_covered:
            denied[line.number] = dataclasses.replace(payer.denial("96"), group="PR")
        elif line.code in payer.needs_authorization and not claim.authorization:
            denied[line.number] = payer.denial("197")
        elif including and "59" not in line.modifiers:
            denied[line.number] = payer.denial("97")
    return denied


def adjudicate(claim: Claim, payer: Payer, benefits: Benefits, left: Left, fate: Fate) -> Decision:
    """The payer's decision on a claim."""
    status = PROCESSED.get(claim.sequence, TERTIARY)
    if not benefits.known:
        return _deny_all(claim, UNKNOWN_PATIENT, Denial("31"))
    if not benefits.active:
        return _deny_all(claim, status, Denial("27"))
    if status == PRIMARY:
        decision = _as_primary(claim, payer, benefits, left, fate)
    elif any(line.earlier for line in claim.lines) or any(other.paid is not None for other in claim.others):
        decision = _after_others(claim, payer, benefits, left, fate, status)
    else:
        return _deny_all(claim, status, Denial("22", remarks=("MA04",), claim_remarks=("MA04",)))
    return _forward(claim, decision, payer, benefits)


def _forward(claim: Claim, decision: Decision, payer: Payer, benefits: Benefits) -> Decision:
    other = benefits.other
    settled = decision.paid > 0 or decision.patient_share > 0
    if not (payer.crossover and other and other.crosses and settled and claim.sequence == "P"):
        return decision
    decision = dataclasses.replace(decision, status=FORWARDED[decision.status], forwarded_to=other.payer)
    if not other.qmb:
        return decision
    lines = tuple(
        dataclasses.replace(line, remarks=line.remarks + _qmb_remarks(line.adjustments)) for line in decision.lines
    )
    return dataclasses.replace(decision, lines=lines)


def _qmb_remarks(adjustments: tuple[Adjustment, ...]) -> tuple[str, ...]:
    shares = (adjustment.reason for adjustment in adjustments if adjustment.group == "PR")
    return tuple(QMB_REMARKS[reason] for reason in shares if reason in QMB_REMARKS)


def _as_primary(claim: Claim, payer: Payer, benefits: Benefits, left: Left, fate: Fate) -> Decision:
    lines: list[LineDecision] = []
    for line in claim.lines:
        denial = fate.denied.get(line.number)
        if denial:
            lines.append(_denied(line, denial))
            continue
        allowed = allowed_amount(payer, line, fate.factor)
        copay_taken = any(adjustment.reason == "3" for done in lines for adjustment in done.adjustments)
        shares = _cost_shares(line, allowed, payer, benefits, left, copay_taken)
        left = _less(left, shares)
        payable = allowed - sum(share.amount for share in shares)
        withheld = rounded(payable * decimal(payer.sequestration))
        adjustments = [Adjustment("CO", "45", line.charge - allowed), *shares, Adjustment("CO", "253", withheld)]
        lines.append(_line(line, allowed, payable - withheld, adjustments))
    return Decision(PRIMARY, tuple(lines), _claim_remarks(fate))


def _cost_shares(
    line: Line, allowed: int, payer: Payer, benefits: Benefits, left: Left, copay_taken: bool
) -> list[Adjustment]:
    """The member's share of an allowed amount: a copay alone, or deductible then coinsurance; at most what is left."""
    if line.code.startswith(tuple(payer.no_cost_share)) or left.out_of_pocket == 0:
        return []
    if benefits.copay and not copay_taken and line.code.startswith(tuple(payer.copay_codes)):
        shares = [Adjustment("PR", "3", min(benefits.copay, allowed))]
    else:
        deductible = min(allowed, left.deductible)
        coinsurance = rounded((allowed - deductible) * decimal(benefits.coinsurance))
        shares = [Adjustment("PR", "1", deductible), Adjustment("PR", "2", coinsurance)]
    limited: list[Adjustment] = []
    limit = left.out_of_pocket
    for share in shares:
        taken = share.amount if limit is None else min(share.amount, limit)
        limit = None if limit is None else limit - taken
        limited.append(dataclasses.replace(share, amount=taken))
    return limited


def _less(left: Left, shares: list[Adjustment]) -> Left:
    total = sum(share.amount for share in shares)
    deductible = sum(share.amount for share in shares if share.reason == "1")
    return Left(left.deductible - deductible, None if left.out_of_pocket is None else left.out_of_pocket - total)


def _after_others(claim: Claim, payer: Payer, benefits: Benefits, left: Left, fate: Fate, status: str) -> Decision:
    """Coordination of benefits: what earlier payers settled is OA-23; we look at what they left to the patient."""
    as_if_first = _as_primary(claim, payer, benefits, left, Fate(factor=fate.factor))
    lines: list[LineDecision] = []
    shares_left = _patient_shares(claim)
    for line, ours in zip(claim.lines, as_if_first.lines, strict=True):
        denial = fate.denied.get(line.number)
        if denial and denial.reason == "18":
            lines.append(_denied(line, denial))
            continue
        shares = shares_left[line.number]
        remaining = sum(share.amount for share in shares)
        settled = Adjustment("OA", "23", line.charge - remaining)
        if denial:
            refusal = Adjustment(denial.group, denial.reason, remaining)
            lines.append(_line(line, 0, 0, [settled, refusal], denial.remarks))
            continue
        if payer.secondary_rule == "lesser_of":
            paid = min(remaining, max(0, ours.allowed - _paid_before(claim, line)))
            lines.append(_line(line, ours.allowed, paid, [settled, Adjustment("CO", "45", remaining - paid)]))
        else:
            paid = min(remaining, ours.paid)
            lines.append(_line(line, ours.allowed, paid, [settled, *_unpaid(shares, paid)]))
    return Decision(status, tuple(lines), _claim_remarks(fate))


def _paid_before(claim: Claim, line: Line) -> int:
    """Cents the earlier payers paid for a line; a claim-level payment counts in proportion to the charge."""
    if any(each.earlier for each in claim.lines):
        return sum(result.paid for result in line.earlier)
    total = sum(other.paid or 0 for other in claim.others)
    return rounded(Decimal(total) * line.charge / claim.charge) if claim.charge else 0


def _unpaid(shares: list[Adjustment], paid: int) -> list[Adjustment]:
    """What stays with the patient after `paid`: coinsurance and copay are covered before the deductible."""
    kept: list[Adjustment] = []
    for share in sorted(shares, key=lambda share: share.reason == "1"):
        covered = min(share.amount, paid)
        paid -= covered
        kept.append(dataclasses.replace(share, amount=share.amount - covered))
    return kept


def _patient_shares(claim: Claim) -> dict[int, list[Adjustment]]:
    """By line number, what the last payer before us left to the patient: by line (2430), else by claim (2320)."""
    before = [other for other in claim.others if other.paid is not None]
    last = max(before, key=lambda other: "PSTABCDEFGH".find(other.sequence), default=None)
    found: dict[int, list[Adjustment]] = {}
    for line in claim.lines:
        results = [result for result in line.earlier if last is None or result.payer == last.payer] or list(
            line.earlier
        )
        if results:
            found[line.number] = [entry for entry in results[-1].adjustments if entry.group == "PR"]
    if not found and last is not None:
        return _spread(claim, last)
    return {line.number: found.get(line.number, []) for line in claim.lines}


def _spread(claim: Claim, other: OtherPayer) -> dict[int, list[Adjustment]]:
    """A claim-level patient share over the lines, in order, none above its charge."""
    shares = [entry for entry in other.adjustments if entry.group == "PR"]
    if not shares and other.patient_share:
        shares = [Adjustment("PR", "2", other.patient_share)]
    spread: dict[int, list[Adjustment]] = {line.number: [] for line in claim.lines}
    for share in shares:
        amount = share.amount
        for line in claim.lines:
            room = line.charge - sum(entry.amount for entry in spread[line.number])
            taken = min(amount, room)
            amount -= taken
            spread[line.number].append(dataclasses.replace(share, amount=taken))
    return spread


def _deny_all(claim: Claim, status: str, denial: Denial) -> Decision:
    return Decision(status, tuple(_denied(line, denial) for line in claim.lines), denial.claim_remarks)


def _denied(line: Line, denial: Denial) -> LineDecision:
    return _line(line, 0, 0, [Adjustment(denial.group, denial.reason, line.charge)], denial.remarks)


def _line(
    line: Line, allowed: int, paid: int, adjustments: list[Adjustment], remarks: tuple[str, ...] = ()
) -> LineDecision:
    return LineDecision(
        code=line.code,
        modifiers=line.modifiers,
        units=line.units,
        date=line.date,
        reference=line.reference,
        charge=line.charge,
        allowed=allowed,
        paid=paid,
        adjustments=tuple(adjustment for adjustment in adjustments if adjustment.amount),
        remarks=remarks,
    )


def _claim_remarks(fate: Fate) -> tuple[str, ...]:
    return tuple(dict.fromkeys(remark for denial in fate.denied.values() for remark in denial.claim_remarks))


def reversal_of(decision: Decision) -> Decision:
    """The same claim with charge, payment and adjustments negated (CLP02 22)."""
    lines = tuple(
        dataclasses.replace(
            line,
            charge=-line.charge,
            allowed=0,
            paid=-line.paid,
            adjustments=tuple(dataclasses.replace(entry, amount=-entry.amount) for entry in line.adjustments),
            remarks=(),
        )
        for line in decision.lines
    )
    return Decision(REVERSAL, lines)


def _days_between(earlier: str, later: str) -> int:
    try:
        return (datetime.strptime(later, "%Y%m%d") - datetime.strptime(earlier, "%Y%m%d")).days  # noqa: DTZ007
    except ValueError:
        return 0
