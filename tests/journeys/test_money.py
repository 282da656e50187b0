"""A visit from the first call to the balance of zero."""

from __future__ import annotations

import io
import random
from datetime import timedelta

from infra.day.client import Json
from infra.day.steps.coding import code_and_sign
from infra.day.world import CHARGES, dollars
from pypdf import PdfReader

from tests.journeys.house import HALF_DAY, House
from tests.judges.pyx12_judge import judge

# Accepted by the processor a minute later, which tells us by webhook.
SLOW_CARD = "4000000000000077"
COPAY = 3000


def test_from_booking_to_zero_balance(house: House) -> None:
    """A visit is booked, paid at the desk, coded, claimed, answered by the payer, billed and paid until nothing is owed."""
    patient = house.register("Abernathy", phone="+16175550301", email="abernathy@mail.example")
    house.insure(patient, "COMM1")
    visit = house.book(patient, "lindqvist", kind="ultrasound", days=3)
    place = visit.place.key
    desk = house.day.accounts.front_desks[place]

    # The desk: the copay the payer has told (271) is asked, taken in cash, receipted.
    house.live_to(visit.start - timedelta(minutes=10))
    drawer = desk.post(
        "/api/v1/drawers", {"location_id": house.day.cast.locations[place], "opening_float": dollars(10_000)}
    )
    house.step(visit, "arrive")
    asked = desk.get(f"/api/v1/appointments/{visit.appointment_id}/amounts-to-ask")
    assert cents(asked["copay"]) == COPAY
    payment = desk.post(
        "/api/v1/payments",
        {
            "patient_id": patient.patient_id,
            "location_id": house.day.cast.locations[place],
            "method": "PAYMENT_METHOD_CASH",
            "amount": dollars(COPAY),
            "appointment_id": visit.appointment_id,
        },
    )
    receipt = text_of(desk.download(f"/api/v1/payments/{payment['payment_id']}/receipt"))
    assert payment["receipt_number"] in receipt
    assert "30.00" in receipt
    house.step(visit, "checkIn")
    house.step(visit, "room", body={"room_id": house.day.cast.rooms[place][0]})
    house.live_to(visit.start)
    house.step(visit, "seen", house.day.accounts.clinicians["lindqvist"])

    # The clinician codes and signs; the charges follow the charge master.
    house.live_to(visit.end)
    code_and_sign(house.day, visit, random.Random(1), sign=True)
    house.step(visit, "checkOut")
    counted = desk.get(f"/api/v1/drawers/{drawer['drawer_id']}")
    assert cents(counted["expected_cash"]) == 10_000 + COPAY
    closed = desk.post(f"/api/v1/drawers/{drawer['drawer_id']}:close", {"counted_cash": dollars(10_000 + COPAY)})
    assert cents(closed["over_short"]) == 0
    charges = house.charges(visit)
    charged = sum(CHARGES[line["procedure"]] for line in charges)
    assert sum(cents(line["charge"]) for line in charges) == charged > 0
    claim = house.claim(visit)
    assert (claim["state"], cents(claim["charge"])) == ("ready", charged)

    # The evening's batch is an 837P at the clearinghouse, which acknowledges it.
    house.live_to(visit.start + timedelta(days=1), grid=timedelta(minutes=30))
    (sent,) = [text for text in claim_texts(house) if claim["control"] in text]
    assert judge(sent) == []
    house.live_to(visit.start + timedelta(days=4), grid=HALF_DAY)
    assert house.claim(visit)["state"] == "accepted"
    answers = inbound_texts(house)
    acknowledgements = [text for text in answers if "ST*999*" in text]
    reports = [text for text in answers if "ST*277*" in text and claim["control"] in text]
    assert acknowledgements
    assert reports
    assert [judge(text) for text in (*acknowledgements, *reports)] == [[]] * (len(acknowledgements) + len(reports))

    # Two weeks later the payer pays; the ledger balances and the patient owes what the payer left, less the copay.
    house.live_to(visit.start + timedelta(days=17), grid=HALF_DAY)
    paid = house.claim(visit)
    assert paid["state"] in {"paid", "closed"}
    (remittance,) = [text for text in inbound_texts(house) if "ST*835*" in text and claim["control"] in text]
    assert judge(remittance) == []
    account = house.biller.get(f"/api/v1/accounts/{patient.patient_id}")
    share = cents(paid["patient_share"])
    assert share > COPAY
    assert cents(account["with_payers"]) == 0
    assert cents(account["balance_due"]) == share - COPAY
    books = house.biller.get("/api/v1/trial-balance")
    assert books["total_debits"] == books["total_credits"]

    # The statement is a PDF that says the amount; a card pays it, and the processor's webhook settles it.
    house.live_to(visit.start + timedelta(days=32), grid=HALF_DAY)
    statement = next(house.biller.pages("/api/v1/statements", "statements", patient_id=patient.patient_id))
    assert cents(statement["amount_due"]) == share - COPAY
    printed = text_of(house.biller.download(f"/api/v1/statements/{statement['statement_id']}/pdf"))
    assert statement["number"] in printed
    assert f"{(share - COPAY) / 100:.2f}" in printed
    portal = house.portal(patient)
    pending = portal.post(
        f"/api/v1/statements/{statement['statement_id']}:pay",
        {"amount": dollars(share - COPAY), "card_token": house.day.outside.card_token(SLOW_CARD)},
    )
    assert pending["state"] == "PAYMENT_STATE_PENDING"
    house.live_to(house.now + timedelta(minutes=5))
    settled = portal.get(f"/api/v1/payments/{pending['payment_id']}")
    assert settled["state"] == "PAYMENT_STATE_RECEIVED"
    account = portal.get(f"/api/v1/accounts/{patient.patient_id}")
    assert (cents(account["patient_owes"]), cents(account["balance_due"])) == (0, 0)

    # Whoever asks later finds all of this under the patient.
    house.settle(trail=True)
    found = house.owner.post("/api/v1/audit-entries:search", {"patient_id": patient.patient_id, "page_size": 500})
    done = {entry["rpc"].rpartition("/")[2] for entry in found["entries"]}
    assert {
        "RegisterPatient",
        "AddCoverage",
        "BookAppointment",
        "TakePayment",
        "CheckIn",
        "SaveCodes",
        "SignEncounter",
        "GetStatementPdf",
        "PayStatement",
        "GetAccount",
    } <= done


def cents(money: Json) -> int:
    """Money of the API in minor units."""
    return int(money["minor_units"])


def text_of(pdf: bytes) -> str:
    """The words of a PDF, as an outside reader sees them."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def claim_texts(house: House) -> list[str]:
    """Every claim file the clearinghouse has got."""
    return [content.decode() for _, content in house.day.claim_files()]


def inbound_texts(house: House) -> list[str]:
    """Every file the clearinghouse has put into our mailbox."""
    found: list[str] = []
    after = "0"
    while page := house.day.outside.clearinghouse_mailbox(after):
        found += [house.day.outside.clearinghouse_file(entry["name"]).decode() for entry in page]
        after = page[-1]["cursor"]
    return found
