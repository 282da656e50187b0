"""What people type becomes what the contracts take: dates, amounts, lists, by the names of the request's own fields."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polyclinic.billing.v1 import encounters_pb2, payments_pb2
from polyclinic.identity.v1 import identity_pb2
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry
from polyclinic.scheduling.v1 import scheduling_pb2
from werkzeug.datastructures import MultiDict

from gateway.web.dates import read_date
from gateway.web.forms import Unreadable, minutes_text, money_text, read_form

TODAY = date(2026, 3, 4)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("t", date(2026, 3, 4)),
        ("T+14", date(2026, 3, 18)),
        ("t-1", date(2026, 3, 3)),
        ("3w", date(2026, 3, 25)),
        ("2m", date(2026, 5, 4)),
        ("1y", date(2027, 3, 4)),
        ("mon", date(2026, 3, 9)),
        ("wed", date(2026, 3, 11)),
        ("mié", date(2026, 3, 11)),
        ("3/14", date(2026, 3, 14)),
        ("3/1", date(2027, 3, 1)),
        ("12/31/26", date(2026, 12, 31)),
        ("2026-03-02", date(2026, 3, 2)),
        ("03022026", date(2026, 3, 2)),
        ("2/30/26", None),
        ("", None),
        ("12", None),
        ("soon", None),
        ("t+99999", None),
    ],
)
def test_dates_as_typed_at_a_desk(text: str, day: date | None) -> None:
    """Words count from today, digits are month first, and what is no day is none."""
    assert read_date(text, TODAY) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("040570", date(1970, 4, 5)),
        ("4/5/70", date(1970, 4, 5)),
        ("01/02/26", date(2026, 1, 2)),
        ("03/05/26", date(1926, 3, 5)),
    ],
)
def test_birth_dates_lie_behind(text: str, day: date) -> None:
    """Two digits of a birth year mean the last such day that is not ahead."""
    assert read_date(text, TODAY, past=True) == day


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_a_whole_date_is_read_as_it_stands(day: date) -> None:
    """Four digits of a year leave nothing to guess, in either order."""
    assert read_date(day.isoformat(), TODAY) == day
    assert read_date(f"{day.month}/{day.day}/{day.year}", TODAY) == day


@given(st.integers(-999, 999))
def test_days_from_today(count: int) -> None:
    """``t+n`` is n days on."""
    assert read_date(f"t{count:+d}", TODAY) == TODAY + timedelta(days=count)


@given(st.integers(-999_999_999, 999_999_999))
def test_amounts_are_read_to_the_cent(cents: int) -> None:
    """What is printed as an amount is read back as the same cents."""
    text = f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    assert money_text(text) == cents


@pytest.mark.parametrize("text", ["1.005", "abc", "", "1e999", "NaN", "--3"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """A fraction of a cent, words and infinities are no amounts."""
    with pytest.raises(Unreadable):
        money_text(text)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("8", 480), ("8:30", 510), ("1:15 pm", 795), ("12 am", 0), ("12pm", 720), ("8:30\u202fAM", 510), ("24", 1440)],
)
def test_times_of_day(text: str, minutes: int) -> None:
    """Times of day are read with and without am and pm."""
    assert minutes_text(text) == minutes


def test_a_form_is_the_request() -> None:
    """Names are paths: dates, money, enums, flags and nested messages are read by what the contract says they are."""
    form = MultiDict(
        {
            "name.family": " Muñoz ",
            "name.given": "Ana",
            "birth_date": "022984",
            "phone": "212 555 0142",
            "accept_duplicates": "on",
            "csrf_token": "x",
            "page's own": "y",
            "unknown": "z",
            "reviewed_patient_ids[1]": "b",
            "reviewed_patient_ids[0]": "a",
        }
    )
    reading = read_form(registry.QuickRegisterRequest, form, TODAY)
    assert reading.violations == []
    assert (reading.message.name.family, reading.message.birth_date.year, reading.message.accept_duplicates) == (
        "Muñoz",
        1984,
        True,
    )
    assert list(reading.message.reviewed_patient_ids) == ["a", "b"]
    payment = read_form(
        payments_pb2.TakePaymentRequest,
        MultiDict({"amount": "25", "method": "PAYMENT_METHOD_CASH"}),
        TODAY,
        {"patient_id": "p"},
    )
    assert (payment.message.amount.minor_units, payment.message.method, payment.message.patient_id) == (
        2500,
        payments_pb2.PAYMENT_METHOD_CASH,
        "p",
    )


def test_blank_lines_are_left_out_and_errors_find_their_line() -> None:
    """A superbill's third line becomes the request's second, and what is wrong with it is said at the third."""
    form = MultiDict(
        {
            "lines[0].procedure": "99213",
            "lines[0].diagnosis_pointers": "1, 2",
            "lines[1].procedure": "",
            "lines[2].procedure": "85025",
            "lines[2].units": "two",
        }
    )
    reading = read_form(encounters_pb2.SaveCodesRequest, form, TODAY)
    assert [line.procedure for line in reading.message.lines] == ["99213", "85025"]
    assert list(reading.message.lines[0].diagnosis_pointers) == [1, 2]
    assert [each.field for each in reading.violations] == ["lines[2].units"]
    assert reading.back("lines[1].units") == "lines[2].units"
    assert reading.back("lines[0].units") == "lines[0].units"


def test_the_page_knows_better_than_the_form() -> None:
    """What the address says cannot be changed by a field."""
    reading = read_form(
        payments_pb2.GetPaymentRequest, MultiDict({"payment_id": "mine"}), TODAY, {"payment_id": "theirs"}
    )
    assert reading.message.payment_id == "theirs"


@pytest.mark.parametrize(
    ("request_class", "name", "value"),
    [
        (registry.QuickRegisterRequest, "birth_date", "31/31/2026"),
        (payments_pb2.TakePaymentRequest, "method", "PAYMENT_METHOD_GOLD"),
        (payments_pb2.TakePaymentRequest, "amount", "1.001"),
        (scheduling_pb2.HoldSlotRequest, "start_time", "tomorrow"),
        (identity_pb2.CreateRoomRequest, "room.capacity", "many"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(request_class: type, name: str, value: str) -> None:
    """A value of the wrong kind is a violation of that input."""
    assert [each.field for each in read_form(request_class, MultiDict({name: value}), TODAY).violations] == [name]


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=30), max_size=8))
def test_no_form_breaks_the_reader(fields: dict[str, str]) -> None:
    """Whatever names and values are sent, reading ends in a request and a list of what is wrong."""
    assert (
        read_form(encounters_pb2.SaveCodesRequest, MultiDict(fields), TODAY).message.DESCRIPTOR.name
        == "SaveCodesRequest"
    )
