"""How claims are paid: through the wire, with every amount worked out by hand here."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.judges.pyx12_judge import judge
from tests.simulators.balances import elements, faults, read_sets
from tests.simulators.conftest import House
from tests.simulators.populations import SampleClaim, SampleLine, as_secondary
from tests.simulators.test_realtime import inquiry

VISIT = SampleLine("99213", 20_000, reference="LN1")
LAB = SampleLine("36415", 2_000, reference="LN2")
THERAPY = SampleLine("97110", 10_000, reference="LN3")
PLAIN = {"copay": 0, "deductible": 0, "coinsurance": 0.0, "out_of_pocket": 0}


def paid_text(house: House, *claims: SampleClaim, days: int = 14) -> str:
    """Sends claims and returns the one 835 that answers them."""
    house.send(*claims)
    house.clock(days=days)
    (text,) = house.new_files("835")
    assert judge(text) == []
    assert faults(text) == []
    return text


def rows(text: str, *names: str) -> list[str]:
    """Segments of some kinds as text, with the usual separator, in order."""
    return ["*".join(segment) for segment in elements(text) if segment[0] in names]


def test_medicare_takes_deductible_coinsurance_then_sequestration(house: House) -> None:
    """Allowed 110 of 200: deductible 30, coinsurance 20 % of 80, 2 % of the remaining 64 withheld as CO-253."""
    member = {"deductible": 28_300, "deductible_left": 3_000, "coinsurance": 0.2}
    house.configure(members={"MEDB1/M1": member})
    text = paid_text(house, SampleClaim("C1", "MEDB1", "M1", (VISIT,)))
    assert rows(text, "CLP") == ["CLP*C1*1*200*62.72*46*MB*26062" + rows(text, "CLP")[0].split("26062")[1]]
    assert rows(text, "CAS") == ["CAS*CO*45*90**253*1.28", "CAS*PR*1*30**2*16"]
    assert rows(text, "SVC", "REF", "AMT")[-3:] == ["SVC*HC:99213*200*62.72**1", "REF*6R*LN1", "AMT*B6*110"]


def test_the_payment_comes_on_the_fourteenth_day(house: House) -> None:
    """Nothing on day 13, the set on day 14 with that date and an ACH trace."""
    house.send(SampleClaim("C1", "MEDB1", "M1", (VISIT,)))
    house.clock(days=13)
    assert house.new_files("835") == []
    house.clock(days=1)
    (text,) = house.new_files("835")
    assert rows(text, "BPR")[0].endswith("*20260316")
    assert rows(text, "BPR")[0].split("*")[4] == "ACH"


def test_a_deductible_is_used_up_by_claim_after_claim(house: House) -> None:
    """Two claims of one member: the first takes what is left of the deductible, the second pays coinsurance only."""
    house.configure(members={"M1": {"deductible": 5_000, "deductible_left": 5_000, "coinsurance": 0.2}})
    first = SampleClaim("C1", "MEDB1", "M1", (THERAPY,))
    text = paid_text(house, first, replace(first, number="C2", service_date="20260301"))
    assert rows(text, "CAS") == [
        "CAS*CO*45*45**253*0.08",
        "CAS*PR*1*50**2*1",
        "CAS*CO*45*45**253*0.88",
        "CAS*PR*2*11",
    ]


def test_copay_is_taken_once_and_alone(house: House) -> None:
    """PR-3 on the visit instead of deductible and coinsurance; the other line has its deductible; the lab is free."""
    benefits = {"copay": 3_000, "deductible": 50_000, "deductible_left": 50_000, "coinsurance": 0.2}
    house.configure(
        members={"W1": benefits}, payers={"COMM1": {"fees": {"99213": 15_000, "97110": 8_000, "36415": 300}}}
    )
    text = paid_text(house, SampleClaim("C1", "COMM1", "W1", (VISIT, LAB, THERAPY)))
    assert rows(text, "CAS") == ["CAS*CO*45*50", "CAS*PR*3*30", "CAS*CO*45*17", "CAS*CO*45*20", "CAS*PR*1*80"]
    assert rows(text, "CLP")[0].startswith("CLP*C1*1*320*123*110*12*")


def test_the_out_of_pocket_limit_caps_the_patients_share(house: House) -> None:
    """With 10 left to the yearly limit, 10 is all that the patient owes, over all lines."""
    benefits = {"deductible": 10_000, "deductible_left": 10_000, "out_of_pocket": 10_000, "out_of_pocket_met": 9_000}
    house.configure(members={"W1": benefits})
    text = paid_text(house, SampleClaim("C1", "COMM1", "W1", (THERAPY, replace(THERAPY, code="97112"))))
    assert [cas for cas in rows(text, "CAS") if "PR" in cas] == ["CAS*PR*1*10"]


def test_fees_are_per_unit_and_never_above_the_charge(house: House) -> None:
    """Two units at a fee of 40 allow 80; a fee above the charge allows the charge."""
    house.configure(payers={"COMM1": {**PLAIN, "fees": {"97110": 4_000, "99213": 99_900}}})
    text = paid_text(house, SampleClaim("C1", "COMM1", "W1", (replace(THERAPY, units=2), VISIT)))
    assert rows(text, "AMT") == ["AMT*B6*80", "AMT*B6*200"]


def test_a_crossover_is_marked_and_the_next_payer_pays_without_a_claim(house: House) -> None:
    """CLP02 19 with NM1*TT from Medicare; the supplement then pays the coinsurance under our claim number."""
    house.configure(
        members={"MEDB1/M1": {"deductible": 0, "coinsurance": 0.2, "other": {"payer": "COMM2", "member": "S9"}}},
        payers={"COMM2": dict(PLAIN)},
    )
    text = paid_text(house, SampleClaim("C1", "MEDB1", "M1", (VISIT,)))
    assert rows(text, "CLP")[0].split("*")[2] == "19"
    assert "NM1*TT*2*CASCADE MUTUAL*****PI*COMM2" in rows(text, "NM1")
    house.clock(days=30)
    (second,) = house.new_files("835")
    assert judge(second) == []
    (payment,) = read_sets(second)
    assert [(claim.number, claim.status, claim.paid, claim.patient) for claim in payment.claims] == [
        ("C1", "2", Decimal(22), Decimal(0))
    ]
    # charge 200 - OA-23 178 (Medicare paid 86.24, wrote off 90, withheld 1.76) = 22 of coinsurance
    assert rows(second, "CAS") == ["CAS*OA*23*178"]
    assert house.state()["crossovers"] == 1


def test_medicare_learns_of_a_second_plan(house: House) -> None:
    """Once a question about the same person has gone to another payer, claims cross over there, and the 271 says so."""
    house.configure(payers={"MEDB1": {"crossover": True, "crossover_fraction": 1.0}, "COMM2": dict(PLAIN)})
    before = house.realtime(inquiry("M1", "MEDB1"))[1]
    house.realtime(inquiry("S9", "COMM2"))
    after = house.realtime(inquiry("M1", "MEDB1"))[1]
    assert ("EB*R" in before, "REF*1W*S9" in after) == (False, True)
    text = paid_text(house, SampleClaim("C1", "MEDB1", "M1", (VISIT,)))
    assert "NM1*TT*2*CASCADE MUTUAL*****PI*COMM2" in rows(text, "NM1")


def test_a_qualified_beneficiary_is_remarked(house: House) -> None:
    """A crossover to Medicaid of a QMB carries N782 with the coinsurance: the patient may not be billed."""
    other = {"payer": "MCD01", "member": "S9", "qmb": True}
    house.configure(members={"MEDB1/M1": {"deductible": 0, "coinsurance": 0.2, "other": other}})
    house.send(SampleClaim("C1", "MEDB1", "M1", (VISIT,)))
    house.clock(days=14)
    (text,) = house.new_files("835")
    assert faults(text) == []
    assert rows(text, "LQ") == ["LQ*HE*N782"]


def test_a_secondary_claim_of_ours_is_coordinated(house: House) -> None:
    """The second payer reads SVD and CAS: OA-23 for what is settled, then the patient's share as far as it would."""
    house.configure(payers={"COMM1": dict(PLAIN)})
    claim = as_secondary(SampleClaim("C1", "MEDB1", "M1", (VISIT, LAB)), "COMM1", "W1")
    text = paid_text(house, claim)
    assert rows(text, "CLP")[0].startswith("CLP*C1*2*220*44*0*12*")
    assert rows(text, "CAS") == ["CAS*OA*23*160", "CAS*OA*23*16"]


def test_medicaid_pays_up_to_its_own_rate_and_writes_off_the_rest(house: House) -> None:
    """Lesser of: 42 % of 200 is 84, the first payer paid 120: nothing is paid and the 40 left is CO-45."""
    claim = as_secondary(SampleClaim("C1", "COMM1", "M1", (VISIT,)), "MCD01", "D1")
    text = paid_text(house, claim)
    assert rows(text, "CLP")[0].startswith("CLP*C1*2*200*0*0*MC*")
    assert rows(text, "CAS") == ["CAS*OA*23*160", "CAS*CO*45*40"]


def test_a_secondary_claim_without_the_first_payers_result_is_denied(house: House) -> None:
    """CO-22 with MA04: the payer needs to know what the other has paid."""
    text = paid_text(house, replace(SampleClaim("C1", "COMM1", "W1", (VISIT,)), sequence="S"))
    assert rows(text, "CAS", "LQ", "MOA") == ["MOA***MA04", "CAS*CO*22*200", "LQ*HE*MA04"]


@pytest.mark.parametrize(
    ("options", "claim", "cas", "remark"),
    [
        ({"not_covered": ["99213"]}, {}, "CAS*PR*96*200", "LQ*HE*N130"),
        ({"needs_authorization": ["99213"]}, {}, "CAS*CO*197*200", "LQ*HE*N54"),
        ({"timely_filing_days": 30}, {"service_date": "20260102"}, "CAS*CO*29*200", "LQ*HE*N211"),
        ({"bundled": {"99213": ["36415"]}}, {"lines": (VISIT, LAB)}, "CAS*CO*97*200", "LQ*HE*M15"),
    ],
)
def test_written_rules_deny(
    house: House, options: dict[str, object], claim: dict[str, object], cas: str, remark: str
) -> None:
    """Coverage, authorisation, timely filing and bundling deny the line with their reason and remark."""
    house.configure(payers={"COMM1": {**PLAIN, **options}})
    text = paid_text(house, replace(SampleClaim("C1", "COMM1", "W1", (VISIT,)), **claim))
    assert rows(text, "CAS")[0] == cas
    assert remark in rows(text, "LQ")


def test_an_authorisation_number_satisfies_the_payer(house: House) -> None:
    """The same procedure with REF*G1 is paid."""
    house.configure(payers={"COMM1": {**PLAIN, "needs_authorization": ["99213"]}})
    text = paid_text(house, replace(SampleClaim("C1", "COMM1", "W1", (VISIT,)), authorization="A77"))
    assert rows(text, "CAS") == ["CAS*CO*45*56"]


def test_a_duplicate_is_denied_and_a_repeat_with_its_modifier_is_not(house: House) -> None:
    """OA-18 for the same service of the same day again, also before the first is paid; 76 says it was repeated."""
    house.configure(payers={"COMM1": dict(PLAIN)})
    first = SampleClaim("C1", "COMM1", "W1", (THERAPY,))
    repeated = replace(first, number="C3", lines=(replace(THERAPY, modifiers=("76",)),))
    text = paid_text(house, first, replace(first, number="C2"), repeated)
    sums = {claim.number: claim.paid for claim in read_sets(text)[0].claims}
    assert sums == {"C1": Decimal(72), "C3": Decimal(72)}
    unpaid = read_sets(text)[1]
    assert (unpaid.method, [claim.number for claim in unpaid.claims]) == ("NON", ["C2"])
    assert "CAS*OA*18*100" in rows(text, "CAS")


def test_a_denied_service_may_be_claimed_again(house: House) -> None:
    """After a denial the same service under a new claim number is no duplicate."""
    house.configure(payers={"COMM1": dict(PLAIN)}, claims={"C1": {"deny": "16"}})
    claim = SampleClaim("C1", "COMM1", "W1", (THERAPY,))
    denied = paid_text(house, claim)
    assert rows(denied, "CAS", "LQ", "MOA") == ["MOA***MA130", "CAS*CO*16*100", "LQ*HE*M51"]
    assert rows(denied, "BPR")[0].startswith("BPR*H*0*C*NON*")
    again = paid_text(house, replace(claim, number="C2"))
    assert rows(again, "CLP")[0].startswith("CLP*C2*1*100*72*0*")


def test_unknown_and_inactive_members(house: House) -> None:
    """An unknown patient comes back as CLP02 4 with CO-31, one without cover as CO-27."""
    house.configure(members={"W2": {"active": False}}, unknown_members=["W1"])
    claim = SampleClaim("C1", "COMM1", "W1", (THERAPY,))
    text = paid_text(house, claim, replace(claim, number="C2", member="W2"))
    assert [row.split("*")[1:3] for row in rows(text, "CLP")] == [["C1", "4"], ["C2", "1"]]
    assert rows(text, "CAS") == ["CAS*CO*31*100", "CAS*CO*27*100"]


def test_a_dependant_is_named_beside_the_subscriber(house: House) -> None:
    """NM1*QC is the patient, NM1*IL the subscriber with the member number."""
    text = paid_text(house, SampleClaim("C1", "COMM1", "W1", (VISIT,), dependant=True))
    assert rows(text, "NM1")[:2] == ["NM1*QC*1*DOE*JANE", "NM1*IL*1*DOE*PARENT****MI*W1"]


def test_payers_lose_modifiers_and_line_numbers(house: House) -> None:
    """With the chances at one, the last modifier and REF*6R do not come back; amounts are untouched."""
    house.configure(payers={"COMM1": {**PLAIN, "drop_modifier_fraction": 1.0, "drop_line_reference_fraction": 1.0}})
    text = paid_text(house, SampleClaim("C1", "COMM1", "W1", (replace(VISIT, modifiers=("25", "95")),)))
    assert rows(text, "SVC") == ["SVC*HC:99213:25*200*144**1"]
    assert not any(row.startswith("REF*6R") for row in rows(text, "REF"))


def test_a_claim_may_be_answered_in_two_parts(house: House) -> None:
    """A split claim comes as two CLP under one claim number, with different payer numbers and the whole charge."""
    house.configure(payers={"COMM1": dict(PLAIN)}, claims={"C1": {"split": True}})
    text = paid_text(house, SampleClaim("C1", "COMM1", "W1", (VISIT, THERAPY)))
    one, two = read_sets(text)[0].claims
    assert (one.number, two.number) == ("C1", "C1")
    assert one.control_number != two.control_number
    assert one.charge + two.charge == Decimal(300)


def test_one_file_holds_several_sets(house: House) -> None:
    """Beyond a payer's limit of claims a set is closed and another opened, each with its own trace and payment."""
    house.configure(payers={"COMM1": {**PLAIN, "claims_per_set": 2}})
    claim = SampleClaim("C1", "COMM1", "W1", (THERAPY,))
    claims = [replace(claim, number=f"C{n}", member=f"W{n}") for n in range(1, 6)]
    sets = read_sets(paid_text(house, *claims))
    assert [(len(payment.claims), payment.payment) for payment in sets] == [
        (2, Decimal(144)),
        (2, Decimal(144)),
        (1, Decimal(72)),
    ]
    assert len({payment.trace for payment in sets}) == 3
