"""Statements and receipts on paper: what stands where, in letters that can be printed, the same bytes for the same data."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from uuid import UUID

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.paper import dollars, phone, printable
from billing.adapters.statement_paper import Addressee, Sheet, render_statement
from billing.adapters.statement_words import ENGLISH, SPANISH, Words
from billing.domain.plain_words import service_words
from billing.domain.statements import StatementLine, shares_told
from billing.tables_directory import BillingEntity
from billing.tables_money import Statement

INCH = 72
TOP = 11 * INCH
BILLER = BillingEntity(
    name="Hudson Clinics PC",
    tax_id="141234567",
    address={"lines": ["1 River St"], "city": "Albany", "state": "NY", "postal_code": "122070001"},
    pay_to={"lines": ["PO Box 9"], "city": "Troy", "state": "NY", "postal_code": "12180"},
    phone="+15185550100",
    email="billing@hudson.example",
)
ADDRESSEE = Addressee("Ms. Ann Ho", ("1 Main St", "Apt 2B", "Albany, NY 12207-0001"))


def line(
    number: int, *, who: str = "Ann Ho", day: int = 10, charge: int = 20_000, paid: int = 0, with_payer: int = 0
) -> StatementLine:
    return StatementLine(
        charge_line_id=UUID(int=number),
        patient_id=UUID(int=7),
        patient_name=who,
        service_date=date(2026, 3, day),
        description="",
        charge_minor=charge,
        payer_paid_minor=paid,
        adjustments_minor=0,
        patient_paid_minor=0,
        with_payer_minor=with_payer,
        due_minor=charge - paid - with_payer,
        due_since=date(2026, 3, day),
        place="Hudson North",
        practitioner="Ngozi Okafor, MD",
        procedure="99213",
    )


def sheet(lines: Sequence[StatementLine], *, cycle: int = 1, unapplied: int = 0, pay_url: str = "") -> Sheet:
    due = sum(each.due_minor for each in lines) - unapplied
    statement = Statement(
        number="S2026-000042",
        statement_date=date(2026, 3, 12),
        due_date=date(2026, 4, 6),
        cycle=cycle,
        amount_due_minor=due,
        unapplied_minor=unapplied,
        aging=[due + unapplied, 0, 0, 0, 0],
    )
    return Sheet(statement, lines, ADDRESSEE, BILLER, pay_url)


def pages(made: Sheet) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(render_statement(made))).pages]


def placed(made: Sheet) -> list[tuple[float, float, str]]:
    """Every text of the first page with its place: inches from the left and from the top."""
    found: list[tuple[float, float, str]] = []

    def visit(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        x, y = tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]
        if text.strip():
            found.append((x / INCH, (TOP - y) / INCH, text.strip()))

    pypdf.PdfReader(io.BytesIO(render_statement(made))).pages[0].extract_text(visitor_text=visit)
    return found


def test_only_the_addressee_shows_in_the_window() -> None:
    """Folded into a window envelope the letter shows its addressee and nothing else, whichever way the sheet slides."""
    made = sheet([line(1), line(2, who="Tim Ho")], cycle=3, unapplied=100, pay_url="https://pay.example.org")
    shown = {text for x, y, text in placed(made) if x < 5.3 and 1.95 < y < 3.25}
    assert " ".join(sorted(" ".join(shown).split())) == " ".join(
        sorted(" ".join((ADDRESSEE.name, *ADDRESSEE.lines)).split())
    )


def test_the_slip_is_the_foot_of_the_first_page() -> None:
    """What is torn off names the statement, the guarantor, the amount, the day, and where the check goes."""
    slip = " ".join(text for _, y, text in placed(sheet([line(1)])) if y > 8.25)
    for part in (
        "S2026-000042",
        "Ms. Ann Ho",
        "$200.00",
        "April 6, 2026",
        "Hudson Clinics PC",
        "PO Box 9",
        "Troy, NY 12180",
        "Amount enclosed",
    ):
        assert part in slip, part


def test_a_visit_is_one_block() -> None:
    """Services are grouped by person and visit, with place and practitioner, and every column has its total."""
    [text] = pages(
        sheet([line(1, paid=5_000), line(2, with_payer=3_000), line(3, who="Tim Ho", day=11)], unapplied=1_000)
    )
    assert text.count("March 10, 2026 · Ann Ho · Hudson North, Ngozi Okafor, MD") == 1
    assert text.count("March 11, 2026 · Tim Ho") == 1
    assert text.count("Office visit (99213)") == 3
    total = text[text.index("Total\n") :]
    assert total.split("\n")[1:7] == ["$600.00", "-$50.00", "–", "–", "-$30.00", "$520.00"]
    for part in ("Payments not used yet", "-$10.00", "Amount due", "$510.00"):
        assert part in text, part


def test_what_the_plan_left_to_the_patient_is_told() -> None:
    """Deductible, coinsurance and what is not covered stand under the service with their amounts."""
    told = replace(line(1, paid=5_000), shares=(("deductible", 12_000), ("non_covered", 3_000)))
    [text] = pages(sheet([told]))
    assert "Your plan: deductible $120.00, not covered $30.00" in text
    assert "Your plan:" not in pages(sheet([line(1, paid=5_000)]))[0]


def test_shares_are_told_when_they_explain_everything() -> None:
    """The largest comes first; when a person has moved money since, nothing is told."""
    assert shares_told({"copay": 500, "deductible": 1_000}, 1_500) == (("deductible", 1_000), ("copay", 500))
    assert shares_told({"copay": 500}, 1_500) == ()
    assert shares_told({}, 0) == ()


def test_long_statements_go_on_with_their_headings() -> None:
    """Forty visits make several pages: headings again on each, the slip on the first only, one total at the end."""
    found = pages(sheet([line(number, day=1 + number % 28, charge=1_000) for number in range(40)]))
    assert len(found) > 2
    assert all("You owe" in text and f"of {len(found)}" in text for text in found)
    assert [("Amount enclosed" in text) for text in found] == [True, *[False] * (len(found) - 1)]
    assert ["Total\n" in text for text in found] == [*[False] * (len(found) - 1), True]


def test_a_statement_is_written_in_the_guarantors_language() -> None:
    """Whoever reads Spanish gets the whole statement in Spanish, dates and services included; others get English."""
    lines = [replace(line(1, paid=5_000), shares=(("copay", 15_000),))]
    made = sheet(lines, cycle=3, pay_url="https://pay.example.org")
    [text] = pages(replace(made, addressee=replace(ADDRESSEE, language="es-MX")))
    for part in (
        "Estado de cuenta",
        "10 de marzo de 2026 · Ann Ho",
        "Consulta (99213)",
        "Su plan: copago $150.00",
        "Total a pagar",
        "Tercer aviso",
        "Cómo pagar",
        "Página 1 de 1",
    ):
        assert part in text, part
    for english in ("Statement", "Amount", "Insurance", "Office", "Please", "March", "days"):
        assert english not in text, english
    [other] = pages(replace(made, addressee=replace(ADDRESSEE, language="vi")))
    assert "Amount due" in other


def test_both_languages_say_everything() -> None:
    """Each text has the same places to fill in, each kind of service and share has a word, in both languages."""
    for each in fields(Words):
        english, spanish = getattr(ENGLISH, each.name), getattr(SPANISH, each.name)
        if isinstance(english, str):
            assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", spanish)), each.name
        else:
            assert len(english) == len(spanish), each.name
    assert ENGLISH.notices.keys() == SPANISH.notices.keys()
    assert ENGLISH.shares.keys() == SPANISH.shares.keys()


@given(st.from_regex(r"[A-Z0-9][0-9]{3}[A-Z0-9]", fullmatch=True))
def test_every_code_has_words_in_both_languages(code: str) -> None:
    """No code is without words, whatever it is."""
    assert service_words(code).endswith(f"({code})")
    assert service_words(code, "es").endswith(f"({code})")
    assert service_words(code, "es") != service_words(code)


def test_online_payment_is_offered_where_there_is_one() -> None:
    """The address and a code to scan stand on the statement only when there is a place to pay online."""
    [without] = pages(sheet([line(1)]))
    [offered] = pages(sheet([line(1)], pay_url="https://pay.example.org"))
    assert "Online" not in without
    assert "https://pay.example.org, or scan the code." in offered


@pytest.mark.parametrize(
    ("cycle", "words"), [(2, "was due before"), (3, "Third notice"), (4, "Last notice"), (9, "Last notice")]
)
def test_later_notices_say_so(cycle: int, words: str) -> None:
    """The first statement does not press; each later one says which it is."""
    assert words in pages(sheet([line(1)], cycle=cycle))[0]
    assert "notice" not in pages(sheet([line(1)]))[0].lower()


def test_the_same_data_the_same_bytes() -> None:
    """A statement can be proved to be the one that was issued."""
    assert render_statement(sheet([line(1)])) == render_statement(sheet([line(1)]))


@pytest.mark.parametrize(
    ("name", "paper"),
    [
        ("Zoë Ho", "Zoë Ho"),
        ("Nguyễn", "Nguyên"),
        ("Łukasz Đorđević", "Lukasz Dordevic"),
        ("Zoe\u0308", "Zoë"),
        ("王 Li", "? Li"),
        ("O’Neil – “Bo”", "O’Neil – “Bo”"),
    ],
)
def test_names_in_letters_the_paper_has(name: str, paper: str) -> None:
    """Letters outside the standard fonts become their nearest likes instead of black boxes."""
    assert printable(name) == paper


@given(st.text(max_size=40))
def test_every_name_can_be_printed(name: str) -> None:
    """Whatever somebody is called, the letter can be written."""
    assert printable(name).encode("cp1252") is not None
    assert printable(printable(name)) == printable(name)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("99213", "Office visit (99213)"),
        ("83036", "Laboratory test (83036)"),
        ("99396", "Preventive visit (99396)"),
        ("J1100", "Medicine given (J1100)"),
        ("00100", "Service (00100)"),
        ("99999", "Service (99999)"),
        ("0001A", "Service (0001A)"),
    ],
)
def test_codes_in_plain_words(code: str, words: str) -> None:
    """A code is told by the kind of service, and as a service where nothing is known."""
    assert service_words(code) == words


def test_amounts_and_phones_as_people_write_them() -> None:
    """Cents become dollars with their sign in front; a kept number becomes one to dial."""
    assert [dollars(minor) for minor in (0, 5, -500, 123_456)] == ["$0.00", "$0.05", "-$5.00", "$1,234.56"]
    assert [phone(number) for number in ("+15185550100", "+442079460018", "front desk")] == [
        "(518) 555-0100",
        "+44 20 7946 0018",
        "front desk",
    ]
