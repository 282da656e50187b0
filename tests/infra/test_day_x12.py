"""The day's own reader of remittances: it must see what is wrong, or its proofs prove nothing."""

from __future__ import annotations

from infra.day.x12 import cents, read, remittance

ISA = "ISA*00*          *00*          *ZZ*CLEARING       *ZZ*CLINIC         *260310*0900*^*00501*000000042*0*P*:~"


def a_set(bpr: str = "80", clp: str = "CLP*A1*1*100*80*20*12*P1", body: str = "", plb: str = "") -> bytes:
    """An 835 with one claim of 100.00, 80.00 paid, 20.00 the patient's."""
    lines = body or "SVC*HC:99213*100*80~CAS*PR*2*20~"
    return (
        f"{ISA}GS*HP*C*P*20260310*0900*1*X*005010X221A1~ST*835*0001~BPR*I*{bpr}*C*ACH~TRN*1*T1*1999999990~"
        f"{clp}~{lines}{plb}SE*6*0001~GE*1*1~IEA*1*000000042~"
    ).encode()


def faults(content: bytes) -> list[str]:
    """What the reader finds wrong with the first set of a file."""
    return remittance(next(read(content))).faults()


def test_a_sound_set_has_no_faults() -> None:
    """A set whose line, claim and payment agree is sound."""
    assert faults(a_set()) == []


def test_a_wrong_payment_is_seen() -> None:
    """BPR02 must be ΣCLP04 − ΣPLB."""
    assert faults(a_set(bpr="81")) == ["BPR02 is 8100, ΣCLP04 − ΣPLB is 8000"]


def test_provider_adjustments_count() -> None:
    """A positive PLB takes money away from the payment."""
    assert faults(a_set(bpr="75", plb="PLB*1999999984*20261231*WO:X*5~")) == []


def test_a_wrong_line_is_seen() -> None:
    """SVC02 − ΣCAS must be SVC03."""
    assert faults(a_set(body="SVC*HC:99213*100*79~CAS*PR*2*20~")) == [
        "claim A1: a line pays 7900 of 10000 with 2000 adjusted"
    ]


def test_a_wrong_patient_share_is_seen() -> None:
    """CLP05 must be the sum of the PR adjustments."""
    assert faults(a_set(clp="CLP*A1*1*100*80*19*12*P1")) == ["claim A1: CLP05 is not ΣPR"]


def test_other_separators_are_read() -> None:
    """Separators come from the interchange's own header, never from habit."""
    other = a_set().decode().replace("*", "|").replace(":", ">").replace("~", "\n").encode()
    assert faults(other) == []


def test_amounts_are_exact() -> None:
    """An amount with or without decimals is the same number of cents."""
    assert [cents(text) for text in ("100", "100.0", "0.01", "-12.3", "")] == [10000, 10000, 1, -1230, 0]
