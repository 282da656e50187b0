"""835: the typed model and the proof."""

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.x12.elements import amount
from billing.domain.x12.errors import SetRefused
from billing.domain.x12.reader import X12Reader
from billing.domain.x12.remittance import Adjustment, Remittance
from billing.domain.x12.remittance_proof import Balance, prove
from billing.domain.x12.remittance_reader import read_remittance
from tests.billing.domain.x12.texts import remittance


def read_all(data: str) -> list[Remittance]:
    """Every remittance of a file."""
    return [read_remittance(transaction) for transaction in X12Reader(io.BytesIO(data.encode())).sets()]


FULL = [
    "CLP*PC00000001*19*250.5*172*38*MB*ICN-1*11*1",
    "NM1*QC*1*DOE*JANE****MI*1EG4TE5MK73",
    "NM1*74*1*DOE*JANE****C*1EG4TE5MK74",
    "NM1*82*1*SMITH*ANN****XX*1234567893",
    "NM1*TT*2*MEDIGAP CO*****PI*SECPAYER",
    "MOA***MA01*N781",
    "REF*EA*MRN1",
    "DTM*232*20260302",
    "DTM*050*20260305",
    "AMT*I*2.5",
    "AMT*AU*210",
    "SVC*HC:99214:25*150*72**1",
    "DTM*472*20260302",
    "CAS*CO*45*40",
    "CAS*PR*1*20**2*18",
    "REF*6R*LN1",
    "AMT*B6*110",
    "LQ*HE*N1",
    "SVC*HC:36415*100.5*100**2*HC:36416:59*3",
    "DTM*150*20260302",
    "DTM*151*20260303",
    "CAS*CO*253*.5",
    "REF*6R*LN2",
]


def test_everything_a_claim_says_is_read():
    """Names, dates, lines, adjustments, remarks and references come out typed, money in cents."""
    [set_] = read_all(remittance("172", FULL))
    [claim] = set_.claims
    first, second = claim.lines
    assert (claim.claim_control, claim.payer_control, claim.filing_indicator) == ("PC00000001", "ICN-1", "MB")
    assert (claim.charge_minor, claim.paid_minor, claim.patient_minor) == (25050, 17200, 3800)
    assert claim.was_forwarded
    assert claim.forwarded_to == ("MEDIGAP CO", "SECPAYER")
    assert (claim.corrected_id, claim.rendering_id, claim.patient_id) == ("1EG4TE5MK74", "1234567893", "1EG4TE5MK73")
    assert claim.remarks == ("MA01", "N781")
    assert (claim.interest_minor, claim.covered_minor) == (250, 21000)
    assert (claim.service_from, claim.received_on) == (date(2026, 3, 2), date(2026, 3, 5))
    assert first.procedure.code == "99214"
    assert first.procedure.modifiers == ("25",)
    assert first.adjustments == (Adjustment("CO", "45", 4000), Adjustment("PR", "1", 2000), Adjustment("PR", "2", 1800))
    assert (first.line_control, first.allowed_minor, first.remarks, first.units) == ("LN1", 11000, ("N1",), Decimal(1))
    assert second.billed is not None
    assert (second.billed.code, second.billed.modifiers, second.billed_units) == ("36416", ("59",), Decimal(3))
    assert (second.service_from, second.service_to) == (date(2026, 3, 2), date(2026, 3, 3))
    header = set_.header
    assert (header.payer_name, header.payer_ids, header.payee_id) == ("MEDICARE B", ("MEDB1",), "1234567893")
    assert (header.trace, header.originator, header.method, header.paid_on) == (
        "EFT1",
        "1512345678",
        "ACH",
        date(2026, 3, 15),
    )
    assert header.identity == "1512345678|EFT1|20260315|17200|1234567893"
    assert prove(set_).balances


def test_provider_adjustments_take_and_give_money():
    """A positive PLB takes money from the payment, a negative one adds to it."""
    plb = ["PLB*1234567893*20261231*L6:ICN-1*-2.5*WO:ICN-0 PC1*40"]
    [set_] = read_all(remittance("134.5", FULL, plb))
    assert [(p.code, p.reference, p.amount_minor) for p in set_.provider_adjustments] == [
        ("L6", "ICN-1", -250),
        ("WO", "ICN-0 PC1", 4000),
    ]
    assert prove(set_).balances


def test_a_set_may_be_provider_level_only():
    """Capitation comes as PLB without claims."""
    [set_] = read_all(remittance("500", [], ["PLB*1234567893*20261231*CT:CAP2026*-500"]))
    assert set_.claims == ()
    assert prove(set_).balances


@pytest.mark.parametrize(
    ("payment", "changes", "balance", "difference"),
    [
        ("171.99", {}, Balance.SET, -1),
        ("172", {"CAS*CO*45*40": "CAS*CO*45*39.99"}, Balance.LINE, -1),
        ("172", {"CLP*PC00000001*19*250.5*172*38": "CLP*PC00000001*19*250.51*172*38"}, Balance.CLAIM, -1),
        (
            "172",
            {"CLP*PC00000001*19*250.5*172*38": "CLP*PC00000001*19*250.51*172*38", "DTM*232*20260302": "CAS*CO*45*.01"},
            Balance.CLAIM_LINES,
            1,
        ),
        ("172", {"*172*38*MB": "*172*38.01*MB"}, Balance.PATIENT, 1),
    ],
)
def test_each_balance_is_proved_to_the_cent(payment: str, changes: dict[str, str], balance: Balance, difference: int):
    """One cent off in any of the equations is found, with its equation, size and place."""
    text = remittance(payment, FULL)
    for old, new in changes.items():
        text = text.replace(old, new)
    [set_] = read_all(text)
    found = {i.balance: i for i in prove(set_).imbalances}
    assert found[balance].difference_minor == difference
    assert found[balance].segment > 0 or balance is Balance.SET
    if balance is Balance.PATIENT:
        assert set(found) == {Balance.PATIENT}


def test_a_reversal_owes_no_patient_balance():
    """On a reversal CLP05 is not compared with the negated patient responsibility."""
    claims = ["CLP*C1*22*-150*-100**12*ICN1*11*1", "SVC*HC:99214*-150*-100**1", "CAS*CO*45*-30", "CAS*PR*3*-20"]
    [set_] = read_all(
        remittance(
            "0", [*claims, "CLP*C1*1*150*100*20*12*ICN2*11*1", "SVC*HC:99214*150*100", "CAS*CO*45*30", "CAS*PR*3*20"]
        )
    )
    assert set_.claims[0].is_reversal
    assert prove(set_).balances


def test_a_payment_is_never_negative():
    """A negative BPR02 is refused even when the sums agree."""
    [set_] = read_all(remittance("-100", ["CLP*C1*22*-150*-100**12*ICN1", "SVC*HC:99214*-150*-100", "CAS*CO*45*-50"]))
    assert [i.balance for i in prove(set_).imbalances] == [Balance.PAYMENT]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("CLP*PC00000001*19*250.5", "CLP*PC00000001*19*2,50", "not an amount"),
        ("SVC*HC:36415*100.5*100**2", "SVC*HC:36415*100.5*100**two", "not a quantity"),
        ("CAS*PR*1*20**2*18", "CAS*PR*1*20***18", "no reason or group"),
        ("TRN*1*EFT1*1512345678", "TRN*1", "no trace number"),
        ("LX*1~\nCLP", "SVC*HC:1*1*1~\nCLP", "before the first claim"),
    ],
)
def test_what_touches_money_or_identity_is_refused_with_its_place(old: str, new: str, reason: str):
    """A set with an unreadable amount is refused, not guessed."""
    text = remittance("172", FULL).replace(old, new)
    with pytest.raises(SetRefused, match=reason) as refused:
        read_all(text)
    assert refused.value.place is not None


def test_an_impossible_payment_date_is_odd_but_read():
    """BPR16 that is no date stays part of the identity as written; the deposit is dated by DTM*405."""
    [set_] = read_all(remittance("172", FULL).replace("DA*98765*20260315", "DA*98765*20261399"))
    assert set_.header.paid_on == date(2026, 3, 14)
    assert "20261399" in set_.header.identity
    assert any("BPR16" in oddity for oddity in set_.header.oddities)


money = st.integers(min_value=0, max_value=10**7)


@st.composite
def payments(draw: st.DrawFn) -> tuple[str, list[str], list[str]]:
    """A balanced set with random claims, lines, adjustments and provider adjustments: (BPR02, claims, PLB)."""
    segments: list[str] = []
    total = 0
    for number in range(draw(st.integers(min_value=1, max_value=4))):
        lines: list[str] = []
        charge = paid = patient = 0
        for _ in range(draw(st.integers(min_value=1, max_value=3))):
            line_paid, contractual, share = draw(money), draw(money), draw(money)
            lines.append(f"SVC*HC:99213*{amount(line_paid + contractual + share)}*{amount(line_paid)}")
            lines.append(f"CAS*CO*45*{amount(contractual)}")
            lines.append(f"CAS*PR*2*{amount(share)}")
            charge += line_paid + contractual + share
            paid += line_paid
            patient += share
        segments += [f"CLP*C{number}*1*{amount(charge)}*{amount(paid)}*{amount(patient)}*12*I{number}", *lines]
        total += paid
    extra = draw(money)
    return amount(total + extra), segments, [f"PLB*1234567893*20261231*L6*{amount(-extra)}"]


@given(payments())
@settings(max_examples=60, deadline=None)
def test_what_is_built_balanced_is_proved(built: tuple[str, Sequence[str], Sequence[str]]):
    """Every set whose sums are right passes."""
    [set_] = read_all(remittance(*built))
    assert prove(set_).balances


@given(payments(), st.data())
@settings(max_examples=80, deadline=None)
def test_any_changed_amount_is_found(built: tuple[str, list[str], list[str]], data: st.DataObject):
    """One amount changed by one cent anywhere never passes the proof."""
    payment, segments, plb = built
    at = data.draw(st.sampled_from([i for i, s in enumerate(segments) if s.startswith(("CLP", "SVC", "CAS"))]))
    cells = segments[at].split("*")
    position = {"CLP": data.draw(st.sampled_from([3, 4, 5])), "SVC": data.draw(st.sampled_from([2, 3])), "CAS": 3}[
        cells[0]
    ]
    whole, _, fraction = cells[position].partition(".")
    minor = int(whole or 0) * 100 + int((fraction + "00")[:2]) + 1
    cells[position] = amount(minor)
    changed = [*segments[:at], "*".join(cells), *segments[at + 1 :]]
    [set_] = read_all(remittance(payment, changed, plb))
    assert not prove(set_).balances
