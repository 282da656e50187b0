"""Settings of money: payers with their dated rules, price lists, and price lists that come as files."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.errors import InvalidInput, Violation
from gateway import errors as problems
from gateway.console import words
from gateway.console.patients import cents
from gateway.web.calls import Refused
from gateway.web.dates import read_date
from gateway.web.forms import Reading, Unreadable, money_text
from gateway.web.i18n import N_
from gateway.web.lists import Column, Filter, paged, whole
from gateway.web.page import Page

NEW = "new"
SHOWN_FEES = 500
# Rows of the form in which single prices are changed.
CHANGED_ROWS = 5
# What the form of a payer shows of a period of its rules; what it does not show stays as it was.
SHOWN_RULES = frozenset(
    {
        "effective",
        "timely_filing_days",
        "corrected_filing_days",
        "silence_alarm_days",
        "claim_provider",
        "crosses_over",
        "sequestration",
        "takes_eligibility_requests",
        "video_modifier",
        "audio_modifier",
        "telehealth_home_place",
        "telehealth_other_place",
    }
)
SHOWN_PAYER = frozenset(
    {"code", "name", "kind", "x12_payer_id", "filing_indicator", "rules", "active_from", "active_to"}
)


def payers(page: Page) -> Response:
    """Payers, found by code, name or X12 id."""
    found = page.call("Billing.ListPayers", page_size=500).payers
    kinds = [(value, page.gettext(text)) for value, text in words.PAYER_KIND.items()]
    by_kind = Filter("kind", N_("Kind"), kinds, N_("All"), lambda each, value: str(each.kind) == value)
    columns = (
        Column("code", N_("Code"), "code", searched=True),
        Column("name", N_("Name"), "name", searched=True),
        Column("kind", N_("Kind"), lambda each: page.label(words.PAYER_KIND, each.kind)),
        Column("x12_id", N_("X12 id"), "x12_payer_id", searched=True),
        Column("active_from", N_("In use from"), "active_from"),
        Column("active_to", N_("In use until"), "active_to"),
    )
    listing = whole(page, "payers", found, columns, [by_kind], order="code")
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/payers.html", tab="payers", words=words, listing=listing)


def payer(page: Page, problem: problems.Problem | None = None) -> Response:
    """One payer with all its dated rules, to be changed; or a new one."""
    code = page.values["code"]
    found = None if code == NEW else page.call("Billing.GetPayer", code=code)
    return page.show(
        "settings/payer.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="payers",
        words=words,
        payer=found,
        may=page.may("Billing.PutPayer"),
    )


def save_payer(page: Page) -> Response:
    """Saves it: a period of rules that is ticked to be left out goes, a blank one sets nothing, what is not shown stays."""
    code = page.values["code"]
    reading = page.read("Billing.PutPayer", **({} if code == NEW else {"code": code}))
    if code != NEW:
        before = page.call("Billing.GetPayer", code=code)
        keep(before, reading.message, SHOWN_PAYER | {"version"})
        for number, rules in enumerate(reading.message.rules):
            place = reading.moved.get(f"rules[{number}]", f"rules[{number}]")[len("rules[") : -1]
            if place.isdecimal() and int(place) < len(before.rules):
                keep(before.rules[int(place)], rules, SHOWN_RULES)
    leave_out(reading, "rules", set(page.exchange.request.form.getlist("leave_out")))
    try:
        if reading.violations:
            raise Refused(problems.from_error(InvalidInput(reading.violations)))
        made = page.send("Billing.PutPayer", reading)
    except Refused as refused:
        return payer(page, refused.problem)
    return page.go(f"/console/settings/payers/{made.code}", page.gettext("Saved."))


def keep(before: Any, message: Any, shown: frozenset[str]) -> None:
    """Gives a message the values that another has in the fields that a form does not show."""
    for known in message.DESCRIPTOR.fields:
        held = before.DESCRIPTOR.fields_by_name.get(known.name)
        if known.name in shown or held is None:
            continue
        value = getattr(before, known.name)
        if known.is_repeated:
            getattr(message, known.name).extend(value)
        elif known.message_type is not None:
            if before.HasField(known.name):
                getattr(message, known.name).CopyFrom(value)
        else:
            setattr(message, known.name, value)


def leave_out(reading: Reading, name: str, places: set[str]) -> None:
    """Takes the entries of a list that stand at these places of the form out of what was read; the others keep their inputs."""
    entries = getattr(reading.message, name)
    moved: dict[str, str] = {}
    for index in range(len(entries) - 1, -1, -1):
        sent = reading.moved.get(f"{name}[{index}]", f"{name}[{index}]")
        if sent[len(name) + 1 : -1] in places:
            del entries[index]
            reading.violations = [each for each in reading.violations if not each.field.startswith(f"{sent}.")]
        else:
            moved[f"{name}[{index}]"] = sent
    kept = [moved[key] for key in sorted(moved, key=lambda key: int(key[len(name) + 1 : -1]))]
    reading.moved = {key: value for key, value in reading.moved.items() if not key.startswith(f"{name}[")}
    reading.moved |= {f"{name}[{index}]": sent for index, sent in enumerate(kept)}


def fees(page: Page) -> Response:
    """The versions of all price lists."""
    kinds = [(value, page.gettext(text)) for value, text in words.FEES.items()]
    by_kind = Filter("kind", N_("Kind"), kinds, N_("All"), lambda each, value: str(each.kind) == value)
    columns = (
        Column("code", N_("List"), "code", searched=True),
        Column("name", N_("Name"), "name", searched=True),
        Column("kind", N_("Kind"), lambda each: page.label(words.FEES, each.kind)),
        Column("payer", N_("Payer"), "payer_code", searched=True),
        Column("from", N_("From"), "effective.start"),
        Column("until", N_("Until"), "effective.end"),
    )
    listing = paged(page, "price-lists", "Billing.ListFeeSchedules", "fee_schedules", columns, [by_kind])
    if page.arg("format") == "csv":
        return listing.csv()
    return page.show("settings/fees.html", tab="fees", words=words, listing=listing)


def fee_list(page: Page, problem: problems.Problem | None = None) -> Response:
    """One version of a price list; single prices are changed from a day on, which makes the next version."""
    found = page.call("Billing.GetFeeSchedule", fee_schedule_id=page.values["fee_schedule_id"])
    if page.arg("format") == "csv":
        return page.csv(
            found.code,
            ["procedure", "modifier", "amount"],
            ([each.procedure, each.modifier, cents(each.amount)] for each in found.fees),
        )
    wanted = page.arg("q").upper()
    shown = [each for each in found.fees if each.procedure.startswith(wanted)]
    return page.show(
        "settings/fee_list.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="fees",
        words=words,
        found=found,
        fees=shown[:SHOWN_FEES],
        more=max(0, len(shown) - SHOWN_FEES),
        rows=CHANGED_ROWS,
    )


def change_fees(page: Page) -> Response:
    """Makes the next version of a price list: as it is, with the prices that were typed in their places. No amount: the code goes."""
    found = page.call("Billing.GetFeeSchedule", fee_schedule_id=page.values["fee_schedule_id"])
    prices = {(each.procedure, each.modifier): each.amount.minor_units for each in found.fees}
    wrong: list[Violation] = []
    for number in range(CHANGED_ROWS):
        procedure, modifier, amount = (
            page.sent(f"change[{number}].{name}").upper() for name in ("procedure", "modifier", "amount")
        )
        if not procedure:
            continue
        try:
            if amount:
                prices[(procedure, modifier)] = money_text(amount)
            elif prices.pop((procedure, modifier), None) is None:
                wrong.append(Violation(f"change[{number}].procedure", N_("is not in this list")))
        except Unreadable as error:
            wrong.append(Violation(f"change[{number}].amount", str(error)))
    begin = read_date(page.sent("effective_from"), page.today)
    if begin is None:
        wrong.append(Violation("effective_from", N_("must be a date, like 03/14/2026, t+14 or 3w")))
    try:
        if wrong or begin is None:
            raise Refused(problems.from_error(InvalidInput(wrong)))
        made = page.do(
            "Billing.PutFeeSchedule",
            code=found.code,
            name=found.name,
            kind=found.kind,
            payer_code=found.payer_code,
            location_id=found.location_id,
            effective_from={"year": begin.year, "month": begin.month, "day": begin.day},
            fees=[
                {"procedure": code, "modifier": modifier, "amount": {"minor_units": amount, "currency": "USD"}}
                for (code, modifier), amount in sorted(prices.items())
            ],
        )
    except Refused as refused:
        return fee_list(page, refused.problem)
    return page.go(
        f"/console/settings/fees/{made.fee_schedule_id}", page.gettext("The new prices are in force from then on.")
    )


def import_form(page: Page, problem: problems.Problem | None = None, tried: Any = None) -> Response:
    """A price list from a file: first what it would do and which of its rows cannot be used, then the thing itself."""
    parts = page.together(payers=page.ask("Billing.ListPayers", page_size=500))
    listed = parts["payers"].value.payers if parts["payers"].value is not None else ()
    return page.show(
        "settings/fee_import.html",
        status=problem.status if problem else 200,
        problem=problem,
        tab="fees",
        words=words,
        tried=tried,
        payers=[(each.code, each.name) for each in listed],
        places=[(each.location_id, each.name) for each in page.locations],
    )


def import_fees(page: Page) -> Response:
    """Tries the file, gives its bad rows back as a file, or takes it."""
    sent = page.exchange.request.files.get("file")
    content = sent.read() if sent is not None and sent.filename else b""
    then = page.sent("then")
    try:
        if not content:
            raise Refused(problems.from_error(InvalidInput([Violation("file", N_("Choose a file first."))])))
        answer = page.submit("Billing.ImportFeeSchedule", keyed=then == "take", content=content, dry_run=then != "take")
    except Refused as refused:
        return import_form(page, refused.problem)
    if then == "rows":
        return page.attachment(answer.error_file, "bad-rows.csv", "text/csv; charset=utf-8")
    if then == "take":
        told = page.gettext("%(count)s prices are in force.", count=answer.fees)
        return page.go(f"/console/settings/fees/{answer.fee_schedule.fee_schedule_id}", told)
    return import_form(page, tried=answer)
