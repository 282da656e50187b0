"""The closing report on the screen: what a clinic's manager asks first, then the proofs an engineer asks for.

It is written from ``report.json`` alone, so that whoever keeps the file can read it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Json = Mapping[str, Any]
Lines = Iterator[tuple[str, str]]
# Accounts of the ledger that are one thing to a manager; the others are told by their own names.
GROUPS = {
    "Insurers paid": ("insurance_deposits",),
    "Patients paid": ("cash_drawer", "checks_on_hand", "card_clearing", "card_disputes", "bank"),
    "Insurers still owe": ("payer_receivable",),
    "Patients still owe": ("patient_receivable",),
}
# Failures of one proof that are shown; the file has more.
SHOWN_FAILURES = 5


def summary(report: Json, out: Path) -> RenderableType:
    """Everything that is printed at the end. ``out`` is where the report and the files lie."""
    figures: Json = report["figures"]
    on = date.fromisoformat(report["visit_day"])
    parts: list[RenderableType] = [
        "",
        f"[bold]{report['network']}, {on:%A}, {on:%B} {on.day}, {on.year}[/bold]",
        *_section("The thirty days before", before(figures)),
        *_section("The day", the_day(figures)),
        *_section("The sixty days after", after(figures)),
    ]
    if movements := figures.get("movements"):
        charged = dollars(-movements["charges"]["cents"])
        parts += ["", f"[bold]Where the {charged} charged went[/bold]", money_table(movements)]
    if receivables := figures.get("receivables"):
        parts += ["", "[bold]Who owes how much, and for how long[/bold]", receivables_table(receivables)]
    if chaos := figures.get("chaos"):
        parts += _section("Chaos", [("Killed", f"{chaos['kills']} times: {counted(chaos['victims'])}")])
        parts += _section("", [("Back after", f"{chaos['slowest_restart_seconds']} s at the latest")])
    parts += ["", _proofs_title(report), proofs_table(report), ""]
    parts += [Text(note) for note in report["notes"]]
    parts.append(_closing(report, out))
    return Group(*parts)


def before(figures: Json) -> Lines:
    """How people, insurance, bookings and messages came about."""
    if people := figures.get("patients"):
        text = f"{people['people']} from {people['files']} FHIR bundles"
        if people["imported_again"]:
            text += f"; {people['imported_again']} bundles imported again made {people['made_twice'] or 'nobody'} twice"
        yield "Patients", text
    if insurance := figures.get("insurance"):
        yield (
            "Insurance",
            (
                f"{insurance['coverages']} coverages asked about: {counted(insurance['answers'])}; "
                f"{insurance['people_paying_themselves']} people pay themselves"
            ),
        )
    if booking := figures.get("booking"):
        races = f"{booking['lost_races']} times somebody else was faster"
        freed = f"{booking['waitlist_offers_accepted']} freed times taken from the waitlist"
        stood = f"{booking['visits_standing']} stood at the end, {booking['video']} of them by video"
        yield "Booking", f"{booking['visits_booked']} visits booked by 16 clients at once; {races}"
        yield "", f"{booking['moved']} moved, {booking['cancelled']} cancelled, {freed}"
        yield "", f"{stood}; {booking['not_booked']} wishes found no time"
    if messages := figures.get("messages"):
        answers = sum(messages["answers"].values())
        yield "Messages", f"{messages['texts']} texts and {messages['mails']} e-mails before the day"
        yield (
            "",
            (
                f"{answers} answers ({counted(messages['answers'])}): {messages['confirmed']} visits confirmed, "
                f"{messages['cancelled_by_answer']} cancelled"
            ),
        )


def the_day(figures: Json) -> Lines:
    """Who came, who waited, what was taken at the desk."""
    if clinic := figures.get("clinic"):
        yield (
            "Visits",
            (
                f"{clinic['visits_seen']} seen ({clinic['video']} by video), {clinic['no_shows']} no-shows, "
                f"{clinic['left_unseen']} left unseen, {clinic['late']} came late"
            ),
        )
        yield (
            "Waiting",
            f"half waited {clinic['wait_minutes_median']} minutes or less, nine in ten {clinic['wait_minutes_p90']} or less",
        )
    if places := figures.get("utilisation_percent"):
        shares = (f"{name} {'closed' if share is None else f'{share} %'}" for name, share in places.items())
        yield "Time used", ", ".join(shares)
    if clinic:
        taken = [
            f"{clinic[f'payments_{how}']} by {how}"
            for how in ("card", "check", "cash")
            if clinic.get(f"payments_{how}")
        ]
        yield (
            "At the desk",
            (
                f"{dollars(clinic.get('asked_cents', 0))} asked for; paid {', '.join(taken) or 'nothing'}; "
                f"{clinic.get('cards_declined', 0)} cards declined"
            ),
        )
        yield (
            "Signing",
            f"{clinic.get('signed_at_once', 0)} visits signed at once, {clinic.get('signed_late', 0)} the next day",
        )


def after(figures: Json) -> Lines:
    """What became of the claims and the bills."""
    if claims := figures.get("claims"):
        kinds = f"{claims['primary']} primary, {claims['secondary']} secondary, {claims['corrected']} of them corrected"
        yield "Claims", f"{claims['claims']} ({kinds}): {counted(claims['by_state'])}"
    if waiting := figures.get("claims_wait_for"):
        rest = {party: count for party, count in waiting.items() if party != "finished"}
        yield (
            "Open",
            "; ".join(f"{count} waiting for {party}" for party, count in rest.items()) or "no claim waits for anybody",
        )
    if first := figures.get("first_pass"):
        rate = "none decided yet" if first["rate_percent"] is None else f"{first['rate_percent']} %"
        yield (
            "First pass",
            f"{rate}: {first['clean']} of {first['decided']} decided primary claims were paid at the first try",
        )
    if office := figures.get("office"):
        items = {name.removeprefix("item "): count for name, count in office.items() if name.startswith("item ")}
        if items:
            yield "Work items", f"{sum(items.values())} opened: {counted(items)}"
        remedies = {name.removeprefix("remedy "): count for name, count in office.items() if name.startswith("remedy ")}
        if remedies:
            yield "", f"claims mended: {counted(remedies)}"
    if statements := figures.get("statements"):
        total = figures.get("money", {}).get("statements_amount")
        worth = f" over {dollars(total)}" if total is not None else ""
        paid = (figures.get("office") or {}).get("statement payment pending", 0)
        yield "Statements", f"{statements['issued']} issued{worth}; {paid} card payments begun online"


def money_table(movements: Json) -> Table:
    """Where the charges went, out of the movements of every account: by double entry the rows add up to the charges."""
    table = _table()
    table.add_column(justify="right")
    left = {account: movement for account, movement in movements.items() if account != "charges"}
    for name, accounts in GROUPS.items():
        cents = sum(left.pop(account)["cents"] for account in accounts if account in left)
        if cents:
            table.add_row(name, dollars(cents))
    for movement in sorted(left.values(), key=lambda each: -each["cents"]):
        if movement["cents"]:
            table.add_row(movement["name"], dollars(movement["cents"]))
    together = sum(movement["cents"] for account, movement in movements.items() if account != "charges")
    table.add_row("[bold]Together[/bold]", f"[bold]{dollars(together)}[/bold]")
    return table


def receivables_table(receivables: Json) -> Table:
    """Parties by the age of what they owe."""
    ages = list(dict.fromkeys(age for buckets in receivables.values() for age in buckets))
    ages.sort(key=lambda age: int("".join(char for char in age.split("–")[0] if char.isdigit()) or 0))
    table = Table(box=None, padding=(0, 2), pad_edge=True)
    table.add_column("")
    for age in ages:
        table.add_column(f"[dim]{age}[/dim]", justify="right")
    for party, buckets in receivables.items():
        table.add_row(party, *(dollars(buckets[age]) if buckets.get(age) else "" for age in ages))
    return table


def proofs_table(report: Json) -> Table:
    """Each proof: whether it holds, how many things it looked at, and the first failures."""
    table = _table()
    table.add_column()
    table.add_column(justify="right")
    for proof in report["invariants"]:
        mark = "[green]✓[/green]" if proof["pass"] else "[red]✗[/red]"
        table.add_row(mark, proof["name"], f"{proof['count']:,}")
        for failure in proof.get("failures", ())[:SHOWN_FAILURES]:
            table.add_row("", Text(failure, style="red"), "")
        more = len(proof.get("failures", ())) - SHOWN_FAILURES
        if more > 0:
            table.add_row("", f"[red]and {more} more in report.json[/red]", "")
    return table


def counted(counts: Json) -> str:
    """Counts as words, the largest first: ``164 paid, 18 closed``; "none" when there are none."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in ordered) or "none"


def dollars(cents: int) -> str:
    """Cents as people read them."""
    return f"{'-' if cents < 0 else ''}${abs(cents) / 100:,.2f}"


def _section(title: str, lines: Lines | list[tuple[str, str]]) -> list[RenderableType]:
    table = _table()
    table.add_column(overflow="fold")
    for name, text in lines:
        table.add_row(f"[bold]{name}[/bold]" if name else "", Text(text))
    if not table.row_count:
        return []
    return ["", f"[bold]{title}[/bold]", table] if title else [table]


def _table() -> Table:
    """Columns without a frame; the first one never breaks."""
    table = Table(box=None, padding=(0, 2), show_header=False)
    table.add_column(no_wrap=True)
    return table


def _proofs_title(report: Json) -> str:
    proofs = report["invariants"]
    held = sum(proof["pass"] for proof in proofs)
    looked_at = sum(proof["count"] for proof in proofs)
    return f"[bold]Proofs[/bold]: {held} of {len(proofs)} hold, {looked_at:,} things looked at"


def _closing(report: Json, out: Path) -> RenderableType:
    proved = all(proof["pass"] for proof in report["invariants"])
    verdict = "[green]The books are proved.[/green]" if proved else "[red]Some proofs are broken.[/red]"
    files = sum(report["files"].values())
    line = f"{verdict} {report['requests']:,} requests in {report['seconds']:.0f} s. report.json and {files} files to open: {out}"
    return Text.from_markup(line)
