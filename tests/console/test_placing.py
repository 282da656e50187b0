"""An answer of a payer whose lines fit none of ours, placed by a biller on its own page."""

from __future__ import annotations

from base64 import b64encode

from tests.billing.domain.x12.texts import envelope, remittance_set
from tests.console.house import House, patient
from tests.console.test_money import insured_visit, sign


def test_a_line_is_placed_and_posted(house: House) -> None:
    """The remittance offers the claim line by line; what is not ticked right is said at its line, what is right is posted."""
    patient_id = patient(house, "Placeable", "Pia")
    sign(house, insured_visit(house, patient_id))
    api = house.api()
    api("POST", "/v1/claim-batches", payer_code="COMM1")
    house.carry()
    claim = api("GET", f"/v1/claims?patient_id={patient_id}")["claims"][0]
    charge = int(claim["charge"]["minor_units"])
    assert charge == 15_500
    trace = f"PL{claim['control']}"
    segments = [
        f"CLP*{claim['control']}*1*155*100*0*12*ICN1*11*1",
        "SVC*HC:G9998*100*60**1",
        "CAS*CO*45*40",
        "SVC*HC:G9999*55*40**1",
        "CAS*CO*45*15",
    ]
    text = envelope(
        "HP", "005010X221A1", [("835", remittance_set("100", segments, trace=trace))], control=77, st03=False
    )
    text = text.replace("N1*PR*MEDICARE B*XV*MEDB1", "N1*PR*HARBOR MUTUAL*XV*HM001")
    api("POST", "/v1/inbound-files", name="placing.835", content=b64encode(text.encode()).decode())
    house.harnesses["billing"].run_due()
    remittance = api("GET", f"/v1/remittances?trace={trace}")["remittances"][0]
    path = f"/console/billing/remittances/{remittance['remittance_id']}"
    browser = house.browser("biller").get(path)
    answer = api("GET", f"/v1/remittances/{remittance['remittance_id']}")["claims"][0]
    lines = f"/console/billing/remittance-claims/{answer['remittance_claim_id']}/lines"
    assert f"{lines}?remittance_id=" in browser.html, browser.text[-600:]
    query = f"?remittance_id={remittance['remittance_id']}&claim_id={claim['claim_id']}"
    assert "G9998" in browser.get(lines + query).text
    ours = api("GET", f"/v1/claims/{claim['claim_id']}")["lines"][0]["charge_line_id"]
    browser.post(lines, **{"lines[1].charge_line_ids": ours})
    assert browser.status == 400
    assert "comes to 5500 cents" in browser.text
    browser.post(lines, **{"lines[0].charge_line_ids": ours, "lines[1].charge_line_ids": ours})
    assert "Matched and posted." in browser.text, browser.text[-900:]
    assert api("GET", f"/v1/claims/{claim['claim_id']}")["state"] == "paid"
    assert "No line of this answer waits." in browser.get(lines + query).text
