"""What is owed and why, statements, payments and plans, as a patient sees them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from google.type.date_pb2 import Date
from hypothesis import given
from hypothesis import strategies as st
from polyclinic.billing.v1 import ledger_pb2
from polyclinic.types.v1 import types_pb2

from gateway.portal.bills import explain
from tests.console.house import House, patient, visit
from tests.portal.house import account, reader

KINDS = ("charge", "payer_payment", "contractual", "transfer", "patient_payment", "write_off", "refund", "reversal")
cents = st.integers(-500_00, 500_00)


def line(kind: str, amount: int, patient_amount: int) -> Any:
    """One movement of an account."""
    return ledger_pb2.AccountLine(
        kind=kind,
        charge_line_id="one",
        description="Office visit",
        service_date=Date(year=2026, month=3, day=2),
        amount=types_pb2.Money(minor_units=amount, currency="USD"),
        patient_amount=types_pb2.Money(minor_units=patient_amount, currency="USD"),
    )


@given(st.lists(st.tuples(st.sampled_from(KINDS), cents, cents), min_size=1))
def test_what_is_explained_adds_up(moves: list[tuple[str, int, int]]) -> None:
    """Charged less what insurance paid, what was taken off and what was paid is what is left and what is still with insurance."""
    (one,) = explain([line(*each) for each in moves])
    assert one.charge - one.insurance - one.adjusted - one.paid == one.left + one.with_insurance
    assert one.left == sum(patient_amount for _, _, patient_amount in moves)


@pytest.fixture(scope="module")
def billed(house: House) -> dict[str, str]:
    """A self-pay patient who was seen, billed, and sent a statement."""
    who = patient(house, "Lopez", "Luz", contact_points=[{"kind": "CONTACT_KIND_MOBILE", "value": "+12125550179"}])
    account(house, "luz", who)
    seen = visit(house, who, "checkIn", "seen")["appointment_id"]
    call, doctor = house.api(), house.api("doctor")
    encounter = call("GET", f"/v1/encounters?appointment_ids={seen}")["encounters"][0]
    path = f"/v1/encounters/{encounter['encounter_id']}"
    line_of_visit = {"procedure": "99213", "units": 1, "diagnosis_pointers": [1]}
    coded = doctor("POST", f"{path}:saveCodes", diagnoses=["I10"], lines=[line_of_visit], version=encounter["version"])
    doctor("POST", f"{path}:sign", version=coded["version"])
    house.carry()
    house.harnesses["billing"].run_due()
    issued = call("POST", "/v1/statements:issue", patient_ids=[who])
    assert issued["statement_ids"], (issued, call("GET", f"/v1/accounts/{who}"))
    return {"who": who, "statement": issued["statement_ids"][0]}


def test_a_balance_is_explained_in_plain_words(house: House, billed: dict[str, str]) -> None:
    """What is owed, what it is for, and the statement to pay it by."""
    luz = reader(house, "luz").open("/bills")
    assert "You owe now $155.00" in luz.text
    assert "The clinic charged $155.00" in luz.text
    assert "Pay $155.00" in luz.text
    pdf = luz.client.get(f"{luz.here}/bills/{billed['statement']}/pdf")
    assert pdf.data.startswith(b"%PDF")


def test_a_card_number_never_comes_to_us(house: House, billed: dict[str, str]) -> None:
    """The inputs of the card have no name, and the one other place the page may talk to is the processor."""
    luz = reader(house, "luz").open(f"/bills/{billed['statement']}")
    sent = luz.fields(f"{luz.here}/bills/{billed['statement']}")
    assert set(sent) == {"csrf_token", "idempotency_key", "card_token", "amount"}
    assert sent["amount"] == ["155.00"]
    assert "connect-src 'self' https://cards.example.org;" in luz.headers["Content-Security-Policy"]
    assert luz.html.count("data-card-part") == 3


def test_a_payment_is_on_its_way_until_the_processor_answers(house: House, billed: dict[str, str]) -> None:
    """Paying a part leads to the payment, which asks again by itself; more than is due is refused."""
    luz = reader(house, "luz")
    path = f"/bills/{billed['statement']}"
    luz.open(path)
    luz.send(path, amount="999", card_token="pm_1")
    assert luz.status == 409
    luz.open(path)
    luz.send(path, amount="55", card_token="pm_1")
    assert "$55.00" in luz.text
    assert "On its way" in luz.text
    assert 'hx-trigger="every 2s"' in luz.html


def test_a_balance_is_paid_in_instalments(house: House, billed: dict[str, str]) -> None:
    """The plan is shown before it is agreed to, and stands with its instalments afterwards."""
    luz = reader(house, "luz").open("/plan?count=3")
    assert "$155.00" in luz.text
    luz.send("/plan")
    assert "The plan is agreed" in luz.text
    assert luz.text.count("To come") == 3
    assert "Your payment plan" in luz.open("/bills").text


def test_a_card_on_file_pays_the_instalments(house: House, billed: dict[str, str]) -> None:
    """A card is added for a plan, pays its coming instalments, is shown by its last digits and can be taken away again."""
    luz = reader(house, "luz").open("/bills")
    plan = re.search(r"/plan/([0-9a-f-]{36})", luz.html)[1]  # type: ignore[index]
    luz.open(f"/cards?plan={plan}")
    assert "connect-src 'self' https://cards.example.org;" in luz.headers["Content-Security-Policy"]
    kept = {"card_token": "pm_kept", "brand": "visa", "last_four": "4242", "exp_month": "2", "exp_year": "2032"}
    luz.send("/cards", **kept | {"exp_month": "13"})
    assert luz.status == 400
    luz.open(f"/cards?plan={plan}")
    luz.send("/cards", **kept)
    assert luz.path == f"{luz.here}/plan/{plan}"
    assert "From my card Visa ending in 4242" in luz.text
    (card,) = house.api()("GET", f"/v1/cards?patient_id={billed['who']}")["cards"]
    assert card["expires_on"] == {"year": 2032, "month": 2, "day": 29}
    luz.send(f"/plan/{plan}/card", card_id="")
    assert "You pay each instalment yourself" in luz.text
    luz.send(f"/plan/{plan}/card", card_id=card["card_id"])
    luz.open("/cards")
    luz.send(f"/cards/{card['card_id']}/remove")
    assert "no longer on file" in luz.text
    assert "You pay each instalment yourself" in luz.open(f"/plan/{plan}").text


def test_another_patients_card_is_out_of_reach(house: House, billed: dict[str, str]) -> None:
    """Neither can it be removed, nor does it pay somebody else's plan, nor is somebody else's plan changed."""
    card = house.api()(
        "POST",
        "/v1/cards",
        patient_id=billed["who"],
        card_token="pm_hers",
        brand="visa",
        last_four="1881",
        expires_on={"year": 2032, "month": 1, "day": 31},
    )["card_id"]
    plan = house.api()("GET", f"/v1/payment-plans?patient_id={billed['who']}")["payment_plans"][0]["payment_plan_id"]
    ana = reader(house, "ana")
    for path, fields in ((f"/cards/{card}/remove", {}), (f"/plan/{plan}/card", {"card_id": card})):
        assert ana.client.post(ana.here + path, data=ana.token | fields).status_code == 404
    (kept,) = house.api()("GET", f"/v1/cards?patient_id={billed['who']}")["cards"]
    assert kept["card_id"] == card


def test_another_patients_bills_are_not_there(house: House, billed: dict[str, str]) -> None:
    """Neither the statement nor its paper nor its payment."""
    ana = reader(house, "ana")
    assert ana.open(f"/bills/{billed['statement']}").status == 404
    assert ana.open(f"/bills/{billed['statement']}/pdf").status == 404
    assert "Lopez" not in ana.open("/bills").text
