"""Files out: kept once, TA1 and 999 the same day, claims taken or returned at the 277CA."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.judges.pyx12_judge import judge
from tests.simulators.conftest import House, segments
from tests.simulators.populations import SampleClaim, SampleLine, as_secondary, interchange

CLEAN = SampleClaim("C1")


def test_a_file_sent_twice_is_taken_once(house: House) -> None:
    """The same name and bytes answer 200 and do nothing again; other bytes under the name are refused with 409."""
    body = interchange([CLEAN])
    assert [house.put("a.837", body), house.put("a.837", body)] == [201, 200]
    assert house.put("a.837", body.replace(b"C1", b"C2")) == 409
    assert (house.folder / "outbound" / "taken" / "CLINIC1" / "a.837").read_bytes() == body
    house.clock(days=2)
    assert house.state()["claims_received"] == 1
    assert len(house.new_files("999")) == 1


def test_names_belong_to_their_submitter(house: House) -> None:
    """Two submitters may use the same file name, and each sees its own answers only."""
    assert house.put("a.837", interchange([CLEAN])) == 201
    assert house.put("a.837", interchange([replace(CLEAN, number="C2")], submitter="CLINIC2"), "CLINIC2") == 201
    house.clock(days=2)
    mine = "".join(house.new_files("277CA"))
    assert "TRN*2*C1~" in mine
    assert "C2" not in mine


def test_a_clean_file_is_accepted_the_same_day(house: House) -> None:
    """The 999 comes within the hour, says A, and pyx12 finds nothing wrong with it."""
    house.send(CLEAN)
    assert house.new_files() == []
    house.clock(minutes=30)
    (answer,) = house.new_files("999")
    assert judge(answer) == []
    assert segments(answer, "IK5") == ["IK5*A"]
    assert segments(answer, "AK9") == ["AK9*A*1*1*1"]


@pytest.mark.parametrize(
    ("wrong", "right", "expected"),
    [
        ("DMG*D8*19800101*F", "DMG*D8*19801301*F", ["IK3*DMG*", "IK4*2*1251*8*19801301"]),
        ("HI*ABK:I10", "HX*ABK:I10", ["IK3*HX*", "*6"]),
        ("CLM*C1*145.00***11:B:1", "CLM*C1****11:B:1", ["IK3*CLM*", "IK4*2*782*1"]),
        ("CLM*C1*145.00***11:B:1", "CLM*C1*145.00***11:B", ["IK3*CLM*", "IK4*5:3*1325*1"]),
        ("SV1*HC:99213*145.00*UN", "SV1*HC:99213*145.00*XX", ["IK3*SV1*", "IK4*3*355*7*XX"]),
        ("N3*100 MAIN ST~\n", "", ["IK3*N3*", "*2010*3"]),
        ("NM1*PR*2*PAYER COMM1*****PI*COMM1~\n", "", ["IK3*NM1*", "*2010*I7"]),
        ("HL*2*1*22*0", "HL*3*1*22*0", ["IK3*HL*", "IK4*1*628*7*3"]),
    ],
)
def test_a_malformed_file_is_rejected_with_its_place(house: House, wrong: str, right: str, expected: list[str]) -> None:
    """A 999 that says R names segment, position and element; it is itself valid, and no claim goes on."""
    body = interchange([CLEAN]).decode().replace(wrong, right)
    if right == "":
        lines = body.split("~\n")
        count = lines.index(next(line for line in lines if line.startswith("SE*"))) - 1
        body = body.replace(next(line for line in lines if line.startswith("SE*")), f"SE*{count}*0001")
    assert body.encode() != interchange([CLEAN])
    house.put("bad.837", body.encode())
    house.clock(minutes=30)
    (answer,) = house.new_files("999")
    assert judge(answer) == []
    assert segments(answer, "IK5") == ["IK5*R*5"]
    assert segments(answer, "AK9") == ["AK9*R*1*1*0"]
    for text in expected:
        assert text in answer, answer
    house.clock(days=3)
    assert house.state()["claims_received"] == 0
    assert house.new_files("277CA") == []


def test_pyx12_refuses_what_we_reject(house: House) -> None:
    """Our structural checks and pyx12's agree that a broken file is broken (and that the clean one is not)."""
    clean = interchange([CLEAN]).decode()
    assert judge(clean) == []
    assert judge(clean.replace("DMG*D8*19800101*F", "DMG*D8*19801301*F")) != []


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (("IEA*1*000000001", "IEA*1*000000009"), "001"),
        (("IEA*1*000000001", "IEA*2*000000001"), "021"),
        (("*00501*", "*00401*"), "017"),
        (("IEA*1*000000001~\n", ""), "023"),
        (("ISA*00*", "IXA*00*"), "022"),
    ],
)
def test_a_broken_interchange_gets_a_ta1(house: House, change: tuple[str, str], note: str) -> None:
    """What cannot be read as an interchange is answered with TA1 R and the reason, and with nothing else."""
    house.put("bad.837", interchange([CLEAN]).decode().replace(*change).encode())
    house.clock(minutes=30)
    (answer,) = house.new_files()
    (ta1,) = segments(answer, "TA1")
    assert ta1.split("*")[4:] == ["R", note]


def test_an_interchange_control_number_serves_once(house: House) -> None:
    """A second file with the same ISA13 is refused with TA1 025: control numbers never repeat."""
    house.put("a.837", interchange([CLEAN], 7))
    house.put("b.837", interchange([replace(CLEAN, number="C2")], 7))
    house.clock(minutes=30)
    answers = house.new_files()
    assert [segments(answer, "TA1")[0].split("*")[5] for answer in answers if segments(answer, "TA1")] == ["025"]
    assert house.state()["claims_received"] == 1


def test_a_good_claim_is_accepted_with_the_payers_number(house: House) -> None:
    """The 277CA a day later is valid, says A2 with the payer's control number, and echoes batch and charge."""
    house.send(CLEAN, batch="B77")
    house.clock(days=1)
    (answer,) = house.new_files("277CA")
    assert judge(answer) == []
    assert "TRN*2*B77~" in answer
    assert segments(answer, "STC")[-1] == "STC*A2:20*20260303*WQ*145"
    assert segments(answer, "REF")[0].startswith("REF*1K*26062")
    assert segments(answer, "AMT")[0] == "AMT*YU*145"


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        (replace(CLEAN, charge=15_000), "A7:400"),
        (replace(CLEAN, billing_npi="1234567890"), "A7:562:85"),
        (replace(CLEAN, diagnoses=("999",)), "A7:254"),
        (replace(CLEAN, diagnoses=("I10", "12")), "A7:255"),
        (replace(CLEAN, service_date="20260310"), "A7:187"),
        (replace(CLEAN, lines=(SampleLine("OFFICE", 14_500),)), "A7:454"),
        (replace(CLEAN, payer="NOBODY"), "A3:116"),
        (replace(CLEAN, frequency="7", original_reference="1"), "A3:464:PR"),
    ],
)
def test_a_faulty_claim_is_returned_with_its_reason(house: House, claim: SampleClaim, status: str) -> None:
    """The payer sees what pyx12 cannot: sums, check digits, codes, dates, payer, original; the claim ends there."""
    house.send(claim)
    house.clock(days=1)
    (answer,) = house.new_files("277CA")
    assert judge(answer) == []
    assert segments(answer, "STC")[-1].split("*")[1:4] == [status, answer.split("DTP*009*D8*")[1][:8], "U"]
    assert "REF*1K" not in answer
    house.clock(days=40)
    assert house.payments() == []
    assert house.state()["claims_by_state"] == {"rejected": 1}


def test_a_secondary_claim_out_of_balance_is_returned(house: House) -> None:
    """SV102 = SVD02 + Σ CAS and AMT*D = Σ SVD02 are checked for each earlier payer."""
    good = as_secondary(replace(CLEAN, payer="MEDB1"), "COMM1", "S1")
    house.send(good, replace(good, number="C2", earlier_paid=(good.earlier_paid or 0) + 1))
    house.clock(days=1)
    (answer,) = house.new_files("277CA")
    statuses = [stc.split("*")[1] for stc in segments(answer, "STC")[2:]]
    assert statuses == ["A2:20", "A8:400"]


def test_the_driver_decides_a_claims_rejection(house: House) -> None:
    """`claims` in the configuration names the status a claim is returned with."""
    house.configure(claims={"C1": {"reject": "A3:33:IL"}})
    house.send(CLEAN, replace(CLEAN, number="C2", member="W2"))
    house.clock(days=1)
    (answer,) = house.new_files("277CA")
    assert judge(answer) == []
    assert [stc.split("*")[1] for stc in segments(answer, "STC")[2:]] == ["A3:33:IL", "A2:20"]
    assert "QTY*AA*1~" in answer
    assert "AMT*YY*145~" in answer


def test_a_whole_batch_can_be_refused_without_naming_claims(house: House) -> None:
    """A provider who is not approved gets a rejection at the receiver's level, and every claim of it is rejected."""
    house.configure(refused_providers=["1234567893"])
    house.send(CLEAN, replace(CLEAN, number="C2", member="W2"), batch="B9")
    house.clock(days=1)
    (answer,) = house.new_files("277CA")
    assert "TRN*2*B9~" in answer
    assert segments(answer, "STC") == ["STC*A3:24:41*20260303*U*290"]
    assert "C2" not in answer
    assert house.state()["claims_by_state"] == {"rejected": 2}


def test_the_drop_folder_does_the_same(house: House) -> None:
    """A file moved into outbound/ is taken at the next step and answered in inbound/; one half written is left."""
    outbound = house.folder / "outbound"
    (outbound / "b.837.part").write_bytes(b"ISA")
    (outbound / "a.part").write_bytes(interchange([CLEAN]))
    (outbound / "a.part").rename(outbound / "a.837")
    house.clock(minutes=1)
    house.clock(days=1)
    kinds = sorted(path.name.split("_")[1] for path in (house.folder / "inbound").iterdir())
    assert kinds == ["277CA", "999"]
    (outbound / "a.837").write_bytes(interchange([replace(CLEAN, number="C2")], 2))
    house.clock(minutes=1)
    assert [path.name for path in (outbound / "refused").iterdir()] == ["a.837"]
    assert (outbound / "taken" / "CLINIC1" / "a.837").read_bytes() == interchange([CLEAN])
    assert (outbound / "b.837.part").exists()


def test_callers_must_say_who_they_are(house: House) -> None:
    """No credentials, or wrong ones where submitters are configured: 401; a configured one passes."""
    assert house.client.get("/v1/inbound").status_code == 401
    house.configure(submitters={"CLINIC1": "secret", "CLINIC2": "other"})
    assert house.client.get("/v1/inbound", headers=house.headers("CLINIC1")).status_code == 200
    assert house.client.get("/v1/inbound", headers=house.headers("CLINIC2")).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"payers": {"COMM1": {"colour": "red"}}},
        {"payers": {"COMM1": {"copay": "much"}}},
        {"payers": {"COMM1": {"denials": [{"code": "16"}]}}},
        {"members": {"W1": {"shoe_size": 9}}},
        {"weather": "fine"},
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place(house: House, body: dict[str, object]) -> None:
    """Unknown options and wrong kinds are named, and the configuration in force stays."""
    before = house.client.get("/_sim/config").get_json()
    answer = house.client.put("/_sim/config", json=body)
    assert answer.status_code == 400
    assert answer.get_json()["error"]
    assert house.client.get("/_sim/config").get_json() == before


def test_the_configuration_given_out_can_be_put_again(house: House) -> None:
    """GET then PUT of the configuration changes nothing."""
    before = house.client.get("/_sim/config").get_json()
    assert house.client.put("/_sim/config", json=before).get_json() == before


def test_the_clock_names_the_next_thing_to_happen(house: House) -> None:
    """The answer to a step says when the clearinghouse will act next by itself, and never goes back."""
    assert house.clock()["next_due"] is None
    house.send(CLEAN)
    assert house.clock()["next_due"] == "2026-03-02T20:15:00.000000Z"
    assert house.clock(hours=1)["next_due"] == "2026-03-03T09:00:00.000000Z"
    assert house.clock(days=1)["next_due"] == "2026-03-16T10:00:00.000000Z"
    assert house.state()["next_due"] == "2026-03-16T10:00:00.000000Z"
    assert house.client.post("/_sim/clock", json={"now": "2026-03-01T00:00:00Z"}).status_code == 409
    assert house.client.post("/_sim/clock", json={"now": "2026-03-20T00:00:00"}).status_code == 400
