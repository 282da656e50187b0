"""The laws of the books on a real database: whatever happens in whatever order, and every file twice."""

import random
from uuid import UUID

import pytest
from polyclinic.billing.v1 import claims_pb2, payers_pb2, payments_pb2
from polyclinic.billing.v1 import collections_pb2 as collections
from polyclinic.billing.v1 import keyed_remittances_pb2 as keyed
from polyclinic.billing.v1 import visit_fees_pb2 as fees
from sqlalchemy import text

from chassis import errors
from tests.billing.cases_collections import put_policy
from tests.billing.claims.insured_clinic import InsuredClinic
from tests.billing.claims.test_denials import send
from tests.billing.claims.test_remittances import era
from tests.billing.clinic import usd
from tests.billing.domain.x12.texts import remittance_set
from tests.billing.money.test_cut_over import BALANCES, NPI, mrn, take, total
from tests.billing.money.test_visit_fees import cancel_late, put_payer
from tests.depth import pieces

LAWS = text(
    """
    select charge_line_id,
        -coalesce(sum(amount_minor) filter (where account in ('charges', 'opening_balances')), 0) as charge,
        coalesce(sum(amount_minor) filter (where account in ('insurance_deposits', 'unapplied_insurance')), 0) as insurance,
        coalesce(sum(amount_minor) filter (where account = 'unapplied_patient'), 0) as patient,
        coalesce(sum(amount_minor) filter (where account = 'patient_receivable'), 0) as due,
        coalesce(sum(amount_minor) filter (where account = 'payer_receivable'), 0) as open,
        coalesce(sum(amount_minor) filter (where account not in ('charges', 'opening_balances', 'insurance_deposits', 'unapplied_insurance',
            'unapplied_patient', 'patient_receivable', 'payer_receivable')), 0) as adjusted
    from ledger_entry where tenant_id = :tenant and charge_line_id is not null group by charge_line_id
    """
)


HAPPENINGS = (
    "answer", "answer", "answer", "reversal", "undo", "takeback", "payment", "refund", "opening", "fee", "waiver", "small",
)  # fmt: skip


def check(clinic: InsuredClinic) -> None:
    """Debits are credits; each line's balance is charges − payments − adjustments; no line is below zero."""
    assert sum(clinic.ledger().values()) == 0
    with clinic.harness.session(UUID(str(clinic.tenant))) as session:
        for line in session.execute(LAWS, {"tenant": clinic.tenant}):
            assert line.due + line.open == line.charge - line.insurance - line.patient - line.adjusted
            assert line.due >= 0
            assert line.open >= 0


def spoken(claim: claims_pb2.Claim, chance: random.Random, sign: int = 1) -> tuple[int, list[str]]:
    """(dollars paid, an answer to both lines): drawn by chance; with `sign` −1 the reversal of what the same chance said."""
    paid, segments, patient = 0, [], 0
    for line in claim.lines:
        billed = line.charge.minor_units // 100
        mine, contractual = chance.randint(0, billed), 0
        left = billed - mine
        contractual = chance.randint(0, left)
        share, denied = left - contractual, 0
        if chance.random() < 0.3:
            share, denied = 0, share
        paid, patient = paid + mine, patient + share
        segments.append(f"SVC*HC:{line.procedure}*{sign * billed}*{sign * mine}**1")
        segments += [f"CAS*CO*45*{sign * contractual}"] if contractual else []
        segments += [f"CAS*CO*197*{sign * denied}"] if denied else []
        segments += [f"CAS*PR*1*{sign * share}"] if share else []
        segments.append(f"REF*6R*{line.line_control}")
    status = "1" if sign > 0 else "22"
    head = f"CLP*{claim.control}*{status}*{sign * 175}*{sign * paid}*{patient if sign > 0 else 0}*12*ICN{claim.control}*11*1"
    return paid, [head, *segments]


@pytest.mark.parametrize("seed", pieces([1, 2, 3], 1))
def test_the_books_hold_whatever_happens(clinic: InsuredClinic, seed: int):
    """Answers, second answers, reversals, undoing, takebacks, payments, refunds, balances of another system, fees and their
    waivers, and small balances in a drawn order; each file and each event comes twice."""
    chance = random.Random(seed)
    claims = [send(clinic), send(clinic)]
    clinic.open_drawer(0)
    put_policy(clinic, small_balance=usd(10_000))
    put_payer(clinic, "SELF", payers_pb2.PAYER_KIND_SELF_PAY, late_cancel_fee=usd(3_000))
    said: dict[str, int] = {}
    for step in range(18):
        claim, trace = chance.choice(claims), f"EFT{step}"
        match chance.choice(HAPPENINGS):
            case "answer":
                said[claim.control] = drawn = chance.randint(0, 1_000_000)
                paid, segments = spoken(claim, random.Random(drawn))
                upload_twice(clinic, remittance_set(str(paid), segments, trace=trace), step)
            case "reversal" if claim.control in said:
                paid, segments = spoken(claim, random.Random(said.pop(claim.control)), -1)
                back = f"PLB*1234567893*20261231*WO:{claim.control}*{-paid}"
                upload_twice(clinic, remittance_set("0", segments, [back] if paid else [], trace=trace), step)
            case "undo":
                posted = [one for row in clinic.remittances("posted") for one in row.claims if one.outcome == "paid"]
                if posted:
                    undo(clinic, chance.choice(posted).remittance_claim_id)
            case "takeback":
                amount = chance.randint(1, 90)
                plb = [f"PLB*1234567893*20261231*FB:X{step}*-{amount}"]
                upload_twice(clinic, remittance_set(str(amount), [], plb, trace=trace), step)
            case "payment":
                clinic.take(claim.patient_id, chance.randint(100, 9_000))
            case "refund":
                refund(clinic, claim.patient_id)
            case "opening":
                opening(clinic, claim.patient_id, step, chance.randint(-5_000, 5_000) or 1)
            case "fee":
                cancel_late(clinic, clinic.patient(guarantor=claim.patient_id))
            case "waiver":
                waive(clinic)
            case "small":
                give_up_small_balances(clinic)
        check(clinic)
    assert clinic.work("unreadable_file") == []


def upload_twice(clinic: InsuredClinic, segments: list[str], step: int) -> None:
    """The same set in two files: the second changes nothing."""
    clinic.upload(era(segments, control=2 * step + 1), f"{step}.edi")
    before = clinic.ledger()
    clinic.upload(era(segments, control=2 * step + 2), f"{step}-again.edi")
    assert clinic.ledger() == before


def undo(clinic: InsuredClinic, answer_id: str) -> None:
    """Undoes an answer unless the payer has taken it back itself."""
    request = keyed.UndoRemittanceClaimRequest(remittance_claim_id=answer_id, reason="drawn by chance")
    try:
        clinic.staff.call("UndoRemittanceClaim", request)
    except errors.Error as refused:
        assert refused.reason == "FAILED_PRECONDITION"


def refund(clinic: InsuredClinic, patient_id: str) -> None:
    """Gives back what is unapplied of a payment."""
    request = payments_pb2.ListPaymentsRequest(patient_id=patient_id)
    for payment in clinic.staff.call("ListPayments", request).payments:
        if payment.unapplied.minor_units:
            amount = usd(payment.unapplied.minor_units)
            refunded = payments_pb2.RefundPaymentRequest(
                payment_id=payment.payment_id, amount=amount, reason="too much"
            )
            clinic.staff.call("RefundPayment", refunded)


def opening(clinic: InsuredClinic, patient_id: str, step: int, minor: int) -> None:
    """A balance of another system, in a file that comes twice: the second changes nothing."""
    bucket = "credit" if minor < 0 else "patient"
    row = f"K{step},{mrn(patient_id)},Albany,{NPI},2026-01-02,patient,{minor / 100:.2f}"
    take(clinic, [BALANCES, row], [total(bucket, 1, abs(minor))])
    before = clinic.ledger()
    assert take(clinic, [BALANCES, row], [total(bucket, 1, abs(minor))]).known_already
    assert clinic.ledger() == before


def waive(clinic: InsuredClinic) -> None:
    """Lets one fee off."""
    charged = clinic.staff.call("ListVisitFees", fees.ListVisitFeesRequest(state="charged")).visit_fees
    for fee in charged[:1]:
        request = fees.WaiveVisitFeeRequest(
            visit_fee_id=fee.visit_fee_id, reason="drawn by chance", version=fee.version
        )
        clinic.staff.call("WaiveVisitFee", request)


def give_up_small_balances(clinic: InsuredClinic) -> None:
    """Writes off whatever the rule says."""
    preview = clinic.staff.call("PreviewSmallBalances", collections.PreviewSmallBalancesRequest())
    taken = [one.patient_id for one in preview.candidates if one.applies]
    if taken:
        request = collections.WriteOffSmallBalancesRequest(patient_ids=taken, total=preview.total, reason="by chance")
        clinic.staff.call("WriteOffSmallBalances", request)
