"""Questions answered at once: 270 → 271 and 276 → 277."""

from __future__ import annotations

from tests.simulators.conftest import House, segments
from tests.simulators.populations import CLINIC_NPI, SampleClaim, SampleLine, envelope

BENEFITS = {
    "copay": 2_500,
    "deductible": 50_000,
    "deductible_left": 12_345,
    "coinsurance": 0.15,
    "out_of_pocket": 90_000,
}


def inquiry(member: str = "W1", payer: str = "COMM1", *, dependant: bool = False, name: str = "DOE") -> bytes:
    """A 270 for one member (or a dependant of that member)."""
    body = ["BHT*0022*13*ASK1*20260302*1000", "HL*1**20*1", f"NM1*PR*2*PAYER*****PI*{payer}", "HL*2*1*21*1"]
    body += [f"NM1*1P*2*ACME CLINIC*****XX*{CLINIC_NPI}", f"HL*3*2*22*{int(dependant)}"]
    subject = ["DMG*D8*19800101", "DTP*291*D8*20260302", "EQ*30"]
    if dependant:
        body += [f"NM1*IL*1*{name}*PARENT****MI*{member}", "HL*4*3*23*0", "TRN*1*T1*9ACMECLINI", "NM1*03*1*DOE*KID"]
    else:
        body += ["TRN*1*T1*9ACMECLINI", f"NM1*IL*1*{name}*JANE****MI*{member}"]
    return envelope("HS", "005010X279A1", "270", body + subject)


def question(payer: str, member: str, *references: str) -> bytes:
    """A 276 for one claim."""
    body = ["BHT*0010*13*ASK2*20260302*1000", "HL*1**20*1", f"NM1*PR*2*PAYER*****PI*{payer}", "HL*2*1*21*1"]
    body += ["NM1*41*2*ACME CLINIC*****46*CLINIC1", "HL*3*2*19*1", f"NM1*1P*2*ACME CLINIC*****XX*{CLINIC_NPI}"]
    body += ["HL*4*3*22*0", "DMG*D8*19800101*F", f"NM1*IL*1*DOE*JANE****MI*{member}", "TRN*1*Q1", *references]
    return envelope("HR", "005010X212", "276", body)


def test_benefits_are_told(house: House) -> None:
    """Active cover with copay, deductible and what remains of it, coinsurance and out-of-pocket limit."""
    house.configure(members={"W1": BENEFITS})
    status, answer = house.realtime(inquiry())
    assert status == 200
    assert segments(answer, "EB") == [
        "EB*1*IND*30^98*C1*BLUE RIDGE HEALTH PLAN STANDARD",
        "EB*C*IND*30*C1**23*500*****Y",
        "EB*C*IND*30*C1**29*123.45*****Y",
        "EB*B*IND*98*C1**27*25*****Y",
        "EB*A*IND*98*C1****.15****Y",
        "EB*G*IND*30*C1**23*900*****Y",
        "EB*G*IND*30*C1**29*523.45*****Y",
    ]
    assert segments(answer, "TRN") == ["TRN*2*T1*9ACMECLINI"]
    assert segments(answer, "BHT")[0].startswith("BHT*0022*11*ASK1*")


def test_what_claims_have_used_is_gone_from_the_deductible(house: House) -> None:
    """After a claim took 72 of the deductible, the 271 shows 72 less."""
    house.configure(members={"W1": {**BENEFITS, "copay": 0}})
    house.send(SampleClaim("C1", "COMM1", "W1", (SampleLine("97110", 10_000),)))
    house.clock(days=14)
    _, answer = house.realtime(inquiry())
    assert "EB*C*IND*30*C1**29*51.45*****Y" in answer


def test_several_services_may_be_asked_about(house: House) -> None:
    """Two EQ in one question are one well-formed question, and the cover names both services."""
    house.configure(members={"W1": BENEFITS})
    asked = inquiry().replace(b"EQ*30~\n", b"EQ*30~\nEQ*MH~\n").replace(b"SE*13", b"SE*14")
    status, answer = house.realtime(asked)
    assert status == 200
    assert segments(answer, "EB")[0] == "EB*1*IND*30^MH^98*C1*BLUE RIDGE HEALTH PLAN STANDARD"


def test_a_member_unknown_to_the_payer_is_refused(house: House) -> None:
    """AAA 75 for an unknown member, 73 for another name, 71 for another birth date, 79 for a payer nobody knows."""
    house.configure(
        unknown_members=["W9"],
        members={"W1": {"last_name": "ROE"}, "W2": {"last_name": "DOE", "birth_date": "1981-01-01"}},
    )
    assert segments(house.realtime(inquiry("W9"))[1], "AAA") == ["AAA*N**75*C"]
    assert segments(house.realtime(inquiry("W1"))[1], "AAA") == ["AAA*N**73*C"]
    assert segments(house.realtime(inquiry("W2"))[1], "AAA") == ["AAA*N**71*C"]
    assert segments(house.realtime(inquiry("W1", "NOBODY"))[1], "AAA") == ["AAA*Y**79*C"]


def test_cover_that_has_ended_is_inactive(house: House) -> None:
    """EB*6 and nothing of benefits."""
    house.configure(members={"W1": {"active": False}})
    assert segments(house.realtime(inquiry())[1], "EB") == ["EB*6*IND*30^98*C1*BLUE RIDGE HEALTH PLAN STANDARD"]


def test_a_dependant_has_the_benefits_at_its_own_level(house: House) -> None:
    """The answer keeps the four levels, and EB stands below the dependant only."""
    house.configure(members={"W1": BENEFITS})
    _, answer = house.realtime(inquiry(dependant=True))
    assert [hl.split("*")[3] for hl in segments(answer, "HL")] == ["20", "21", "22", "23"]
    assert answer.index("NM1*03*1*DOE*KID") < answer.index("EB*1*")


def test_another_plan_of_the_member_is_named(house: House) -> None:
    """EB*R with the other payer in loop 2120 and the member's number there."""
    house.configure(members={"MEDB1/W1": {"other": {"payer": "COMM2", "member": "S9"}}})
    _, answer = house.realtime(inquiry("W1", "MEDB1"))
    assert "EB*R*IND*30~\nREF*1W*S9~\nLS*2120~\nNM1*SEP*2*CASCADE MUTUAL*****PI*COMM2~\nLE*2120~" in answer


def test_a_payer_that_is_down_answers_503(house: House) -> None:
    """`realtime_down` makes one payer silent and leaves the others."""
    house.configure(payers={"COMM1": {"realtime_down": True}})
    assert house.realtime(inquiry())[0] == 503
    assert house.realtime(inquiry(payer="COMM2"))[0] == 200


def test_what_cannot_be_read_is_acknowledged_as_such(house: House) -> None:
    """A question that does not follow its guide gets a 999, a broken envelope a TA1, both with 200."""
    _, refused = house.realtime(inquiry().replace(b"NM1*1P*2", b"NM1*1P*5"))
    assert segments(refused, "IK5") == ["IK5*R*5"]
    _, broken = house.realtime(b"hello")
    assert segments(broken, "TA1")[0].endswith("*R*022")


def test_benefits_come_from_seed_and_member_when_nobody_configured_them(house: House) -> None:
    """The same member has the same benefits at every question, different members different ones."""
    first = segments(house.realtime(inquiry("W500"))[1], "EB")
    assert segments(house.realtime(inquiry("W500"))[1], "EB") == first
    others = {tuple(segments(house.realtime(inquiry(f"W5{n:02d}"))[1], "EB")) for n in range(1, 20)}
    assert len(others) > 5


def test_a_claim_can_be_followed(house: House) -> None:
    """Not on file, received, in process, paid with date and trace: the 277 tells each in turn, by our claim number."""
    house.configure(payers={"COMM1": {"copay": 0, "deductible": 0, "coinsurance": 0.0}})
    ask = question("COMM1", "W1", "REF*EJ*C1")
    assert segments(house.realtime(ask)[1], "STC")[0].startswith("STC*D0:35*")
    house.send(SampleClaim("C1", "COMM1", "W1", (SampleLine("97110", 10_000),)))
    assert segments(house.realtime(ask)[1], "STC")[0].startswith("STC*P1:19:PR*")
    house.clock(days=1)
    _, pending = house.realtime(ask)
    assert segments(pending, "STC")[0].startswith("STC*P1:20*")
    house.clock(days=14)
    (payment,) = house.payments()
    _, paid = house.realtime(ask)
    assert segments(paid, "STC") == [f"STC*F1:65*20260316**100*72*20260316*ACH*20260316*{payment.trace}"]
    number = payment.claims[0].control_number
    assert f"REF*1K*{number}~" in paid
    by_payers_number = house.realtime(question("COMM1", "W1", f"REF*1K*{number}"))[1]
    by_what_it_was = house.realtime(question("COMM1", "W1", "AMT*T3*100", "DTP*472*D8*20260302"))[1]
    assert segments(by_payers_number, "STC") == segments(by_what_it_was, "STC") == segments(paid, "STC")


def test_another_submitters_claims_are_not_told(house: House) -> None:
    """A claim is on file for the one who sent it only."""
    house.send(SampleClaim("C1", "COMM1", "W1"))
    answer = house.client.post(
        "/v1/realtime", data=question("COMM1", "W1", "REF*EJ*C1"), headers=house.headers("CLINIC2")
    )
    assert segments(answer.text, "STC")[0].startswith("STC*D0:35*")


def test_questions_may_be_sent_as_a_file(house: House) -> None:
    """A 270 in a batch file is acknowledged and answered by a 271 file."""
    assert house.put("ask.270", inquiry()) == 201
    house.clock(minutes=30)
    kinds = house.new_files()
    assert ["ST*999" in text or "ST*271" in text for text in kinds] == [True, True]
    assert any("EB*1*IND" in text for text in kinds)
