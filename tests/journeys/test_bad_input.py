"""What nobody should send, sent to the whole system: one clear problem each, never a 500, nothing half-written."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from tests.journeys.house import Answer, House

JSON = {"Content-Type": "application/json"}
GOOD = {"name": {"family": "Plain", "given": "Ann"}, "birth_date": {"year": 1990, "month": 1, "day": 2}}
NOBODY = str(uuid.uuid4())

MALFORMED = {
    "empty": b"",
    "truncated": b'{"patient": {"name": {"family": "Tr',
    "trailing comma": b'{"patient": {},}',
    "two values": b"{} {}",
    "not UTF-8": b'{"patient": {"name": {"family": "\xff"}}}',
    "a raw NUL": b'{"patient": {"name": {"family": "A\x00B"}}}',
    "nested too deep": b'{"patient":' * 5000 + b"{}" + b"}" * 5000,
    "form": b"patient=1",
}

# (what is sent as the patient, the field that the refusal names)
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": (GOOD | {"shoe_size": 44}, "patient.shoe_size"),
    "text for object": (GOOD | {"name": "Ann Plain"}, "patient.name"),
    "number for text": (GOOD | {"preferred_name": 5}, "patient.preferred_name"),
    "object for list": (GOOD | {"addresses": {}}, "patient.addresses"),
    "unknown enum": (GOOD | {"sex": "SEX_MAYBE"}, "patient.sex"),
    "no such day": (GOOD | {"birth_date": {"year": 1990, "month": 2, "day": 30}}, "patient.birth_date"),
    "missing": ({"name": {"family": "Plain", "given": "Ann"}}, "patient.birth_date"),
    "NUL": (GOOD | {"name": {"family": "A\u0000B", "given": "Ann"}}, "patient.name.family"),
    "a megabyte of name": (GOOD | {"name": {"family": "N" * 1_000_000, "given": "Ann"}}, "patient.name.family"),
    "lone surrogate": (GOOD | {"name": {"family": "\ud800", "given": "Ann"}}, "patient.name.family"),
    "no uuid": (GOOD | {"guarantor_id": "me"}, "patient.guarantor_id"),
}

# What is asked, and the status it is refused with.
ELSEWHERE: dict[str, tuple[str, str, Any, int]] = {
    "no such route": ("POST", "/api/v1/nonsense", {}, 404),
    "no such verb": ("DELETE", "/api/v1/patients", None, 405),
    "id that is none": ("GET", "/api/v1/patients/17", None, 400),
    "id of nobody": ("GET", f"/api/v1/patients/{NOBODY}", None, 404),
    "unknown query field": ("GET", "/api/v1/appointments?color=red", None, 400),
    "query of the wrong type": ("GET", "/api/v1/appointments?page_size=many", None, 400),
    "page token that is none": ("GET", "/api/v1/users?page_token=%21%21", None, 400),
    "NUL in a path": ("GET", "/api/v1/patients/%00", None, 400),
    "booking for nobody": (
        "POST",
        "/api/v1/appointments",
        {
            "patient_id": NOBODY,
            "appointment_type_id": NOBODY,
            "practitioner_id": NOBODY,
            "location_id": NOBODY,
            "start_time": "2030-01-07T15:00:00Z",
        },
        404,
    ),
    "instant without zone": (
        "POST",
        "/api/v1/holds",
        {
            "appointment_type_id": NOBODY,
            "practitioner_id": NOBODY,
            "location_id": NOBODY,
            "start_time": "2030-01-07T15:00:00",
        },
        400,
    ),
    "money with a fraction": (
        "POST",
        "/api/v1/payments",
        {
            "patient_id": NOBODY,
            "location_id": NOBODY,
            "method": "PAYMENT_METHOD_CASH",
            "amount": {"minor_units": "10.5", "currency": "USD"},
        },
        400,
    ),
    "negative money": (
        "POST",
        "/api/v1/payments",
        {
            "patient_id": NOBODY,
            "location_id": NOBODY,
            "method": "PAYMENT_METHOD_CASH",
            "amount": {"minor_units": "-100", "currency": "USD"},
        },
        400,
    ),
    "template that does not parse": (
        "POST",
        "/api/v1/message-templates:preview",
        {"code": "appointment.reminder", "channel": "CHANNEL_SMS", "language": "en", "text": "{{ oops"},
        400,
    ),
    "template that reaches out": (
        "POST",
        "/api/v1/message-templates:preview",
        {
            "code": "appointment.reminder",
            "channel": "CHANNEL_SMS",
            "language": "en",
            "text": "{{ ''.__class__.__mro__ }}",
        },
        400,
    ),
    "join token that is none": (
        "POST",
        "/api/v1/telehealth/sessions:join",
        {"token": "x" * 40, "media": "MEDIA_VIDEO"},
        401,
    ),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_json_is_refused(house: House, body: bytes) -> None:
    """Bytes that are no JSON are one problem, and nobody is registered."""
    with house.nothing_written():
        answer = house.ask(house.owner, "POST", "/api/v1/patients", data=body, headers=JSON)
    assert refused(answer, {400}) in {"MALFORMED_JSON", "INVALID_INPUT"}


def test_wrong_values_are_refused_by_field(house: House) -> None:
    """Each wrong value is refused with the path of its field, and nobody is registered."""
    with house.nothing_written():
        answers = {
            case: house.ask(
                house.owner,
                "POST",
                "/api/v1/patients",
                data=json.dumps({"patient": patient, "accept_duplicates": True}).encode(),
                headers=JSON,
            )
            for case, (patient, _) in WRONG.items()
        }
    for case, (_, field) in WRONG.items():
        refused(answers[case], {400})
        named = [violation["field"] for violation in answers[case].body["violations"]]
        assert named, case
        assert all(name.startswith(field) for name in named), (case, named)


def test_wrong_requests_to_every_service_are_one_problem_each(house: House) -> None:
    """Unknown routes, foreign ids, broken queries and impossible money are refused by whichever service they reach."""
    with house.nothing_written():
        answers = {
            case: house.ask(house.owner, method, path, **({} if body is None else {"json": body}))
            for case, (method, path, body, _) in ELSEWHERE.items()
        }
    told = {case: (answer.status, answer.kind) for case, answer in answers.items()}
    assert told == {case: (status, "application/problem+json") for case, (*_, status) in ELSEWHERE.items()}
    assert all(answer.reason and answer.body["request_id"] for answer in answers.values())


SET = (
    "ST*835*0001~BPR*I*{paid}*C*ACH*CCP*01*043000096*DA*88521234562*1521234562**01*021000021*DA*77156*20260313~"
    "TRN*1*{trace}*1521234562~DTM*405*20260313~N1*PR*BLUE RIDGE HEALTH PLAN~N3*1 PAYER PLAZA~N4*RICHMOND*VA*232190001~"
    "REF*2U*COMM1~PER*BL*PROVIDER SERVICES*TE*8005550100~N1*PE*LANTERNFIELD MEDICAL GROUP*XX*1569033214~"
    "REF*TJ*843112907~LX*1~CLP*NOSUCHCLAIM*1*100*{claim_paid}*0*12*2605900099*11*1~NM1*QC*1*PLAIN*ANN****MI*W1~"
    "DTM*232*20260227~SVC*HC:99213*100*{line_paid}**1~DTM*472*20260227~CAS*CO*45*{written_off}~SE*{count}*0001~"
)
ENVELOPE = (
    "ISA*00*          *00*          *ZZ*COMM1          *ZZ*POLYCLINIC     *260313*1000*^*00501*{control:09d}*0*P*:~"
    "GS*HP*COMM1*POLYCLINIC*20260313*100000*{control}*X*005010X221A1~{set}GE*1*{control}~IEA*1*{control:09d}~"
)


def remittance(**wrong: Any) -> bytes:
    """A small remittance for a claim we never sent; ``wrong`` changes figures in it."""
    control = uuid.uuid4().int % 10**8
    figures = {
        "paid": "60",
        "claim_paid": "60",
        "line_paid": "60",
        "written_off": "40",
        "count": "19",
        "trace": control,
    }
    return ENVELOPE.format(control=control, set=SET.format(**figures | wrong)).encode()


BOOKS = {"billing.journal", "billing.ledger_entry", "billing.remittance_posting"}
BROKEN_X12 = {
    "cut in the header": remittance()[:80],
    "cut in the middle": remittance()[:500],
    "the last segments are missing": remittance()[:-30],
    "BPR02 is not what the claims say": remittance(paid="61"),
    "the claim does not balance": remittance(claim_paid="59", paid="59"),
    "a line does not balance": remittance(written_off="41"),
    "the segment count is wrong": remittance(count="18"),
    "an amount is no number": remittance(paid="sixty"),
    "NUL bytes inside": remittance().replace(b"N1*PR*BLUE", b"N1*PR*B\x00UE"),
}


@pytest.mark.parametrize("content", BROKEN_X12.values(), ids=BROKEN_X12.keys())
def test_a_broken_remittance_is_refused_whole(house: House, content: bytes) -> None:
    """A truncated or unbalanced 835 is refused with its reason: no line of it is posted, its deposit at most is parked."""
    house.settle()
    before = ledger_rows(house)
    answer = upload(house, content)
    house.settle()
    if answer.status == 200:
        taken = fate(house, answer)
        assert set(taken.states) <= {"refused"}, taken
        assert taken.reasons, taken
    else:
        refused(answer, {400})
    after = ledger_rows(house)
    assert after["billing.remittance_posting"] == before["billing.remittance_posting"]
    assert after["billing.ledger_entry"] - before["billing.ledger_entry"] in {0, 2}
    books = house.biller.get("/api/v1/trial-balance")
    assert books["total_debits"] == books["total_credits"]


def test_stray_bytes_in_a_name_hold_nothing_up(house: House) -> None:
    """A remittance with bytes that are no text in a name is read all the same; its money does not wait for a spelling."""
    answer = upload(house, remittance().replace(b"N1*PR*BLUE", b"N1*PR*B\xff\xfeUE"))
    house.settle()
    assert fate(house, answer).states == ("posted",)


def test_the_same_remittance_unbroken_is_posted_once(house: House) -> None:
    """The file from which the broken ones are made is taken and posted; sent again it changes nothing."""
    content = remittance()
    answer = upload(house, content)
    house.settle()
    assert fate(house, answer).states == ("posted",)
    before = ledger_rows(house)
    assert upload(house, content).status == 200
    house.settle()
    assert ledger_rows(house) == before


@pytest.mark.parametrize("content", [b"hello", b"\x00" * 200, b"%PDF-1.7"], ids=["text", "zeros", "pdf"])
def test_a_file_that_is_no_x12_is_refused(house: House, content: bytes) -> None:
    """A file that is no X12 at all is a problem, and is not kept."""
    with house.nothing_written():
        answer = upload(house, content)
    assert refused(answer, {400}) == "INVALID_INPUT"


def refused(answer: Answer, statuses: set[int]) -> str:
    """Asserts one clear problem document; returns its stable reason."""
    assert answer.status in statuses, answer
    assert answer.kind == "application/problem+json"
    assert answer.reason
    assert {"type", "title", "status", "detail", "request_id"} <= set(answer.body)
    return answer.reason


def upload(house: House, content: bytes) -> Answer:
    """A remittance that came another way than through the clearinghouse."""
    name = f"upload-{uuid.uuid4()}.835"
    body = {"name": name, "content": base64.b64encode(content).decode()}
    return house.ask(house.biller, "POST", "/api/v1/inbound-files", json=body)


@dataclass(frozen=True)
class Fate:
    """What became of an uploaded file: the states of its sets, and every reason given for a refusal."""

    states: tuple[str, ...]
    reasons: tuple[str, ...]


def fate(house: House, answer: Answer) -> Fate:
    """A file's sets as billing shows them now; a file refused whole has none."""
    file_id = answer.body["inbound_file_id"]
    kept = next(
        each for each in house.biller.pages("/api/v1/inbound-files", "files") if each["inbound_file_id"] == file_id
    )
    sets = [
        each for each in house.biller.pages("/api/v1/remittances", "remittances") if each["inbound_file_id"] == file_id
    ]
    told = [kept["reason"], *[each["reason"] for each in sets]]
    return Fate(tuple(each["state"] for each in sets), tuple(reason for reason in told if reason))


def ledger_rows(house: House) -> dict[str, int]:
    """How many rows the books hold."""
    return {name: count for name, count in house.rows().items() if name in BOOKS}
