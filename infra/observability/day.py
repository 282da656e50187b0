"""``python -m infra.observability.day`` (``make observe``): a whole `make day` with an OTLP receiver behind every process,
then a search for each of its people in everything that the system has told about itself. Takes the day's options.

Searched for: names (alone where they are no word of our own source, else in full), phones, e-mails, birthdays, member
ids, record numbers, and the diagnoses of every claim. Searched in: spans, metrics, log records, log files, NATS subjects, and
the gateway's request log. The exit code is 0 only when the day's books are proved, nobody is found, every log line is one event and
every request's trace has come to the gateway and a service.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from rich.console import Console

from infra.day.__main__ import live, read_options
from infra.day.observe import Databases
from infra.day.progress import Progress
from infra.local.plan import ROOT
from infra.local.stack import Stack
from infra.observability import search
from infra.observability.receiver import Receiver
from infra.observability.search import Needle

# Later ones may be days on which something happens in the clinic.
LAST_BIRTHDAY = date(2015, 12, 31)
PEOPLE = "SELECT family, given, middle, mrn, birth_date, contact_points, ssn_last_four FROM patient"
MEMBERS = "SELECT DISTINCT member_id FROM coverage WHERE member_id <> ''"
DIAGNOSES = "SELECT DISTINCT diagnosis FROM encounter, jsonb_array_elements_text(diagnoses) AS diagnosis"
TENANTS = "SELECT tenant_id FROM tenant"
# Where a search that works finds the tenant.
FOUND_IN = ("OTLP traces", "NATS subjects", "log requests.jsonl")
SHOWN = 20


def main(argv: list[str] | None = None) -> int:
    """Live the day, then search; 0 when all is well."""
    options = read_options(argv)
    console = Console(highlight=False)
    data = Path(tempfile.mkdtemp(prefix="polyclinic-observe-"))
    receiver = Receiver()
    stack = Stack(data, clock="simulated", durable=False, seed=options.seed, telemetry_endpoint=receiver.url)
    try:
        with Progress(console) as progress:
            progress.step("starting everything, with a telemetry receiver behind it")
            stack.start()
            report = live(options, stack, progress)
            progress.step("looking for the day's people in what the system told about itself")
            wanted, tenants = list(everybody(stack)), list(control(stack))
            subjects = search.subjects(stack)
            stack.stop()  # what has not been exported yet is sent on the way out
            told = search.places(stack, receiver, subjects)
            hits = search.search(wanted, told)
            blind = [place for place in FOUND_IN if not search.search(tenants, {place: told[place]}, most=1)]
            odd = search.malformed_lines(stack)
            untraced = requests_without_a_service(receiver)
        console.print(report.summary())
        console.print(summary(wanted, told, receiver))
        for line in [*map(str, hits[:SHOWN]), *odd[:SHOWN], *untraced[:SHOWN]]:
            console.print(f"[red]✗[/red] {line}", soft_wrap=True, markup=True)
        console.print(
            f"{len(hits)} times somebody was found, {len(odd)} lines are no event, {len(untraced)} traces end early"
        )
        if blind:
            console.print(f"[red]✗[/red] the search does not even find the tenant in {', '.join(blind)}")
        return 0 if report.passed and not (hits or odd or untraced or blind) else 1
    finally:
        stack.stop()
        receiver.close()
        stack.postgres.destroy()
        shutil.rmtree(data, ignore_errors=True)


def everybody(stack: Stack) -> Iterator[Needle]:
    """What identifies the day's people."""
    databases = Databases(stack.postgres.admin_url)
    ours = own_words()
    try:
        for row in databases.rows("patient_registry", PEOPLE):
            yield from search.needles("name", search.forms_of_name(row["family"], row["given"]))
            alone = [name for name in (row["family"], row["given"]) if len(name) > 3 and name.lower() not in ours]
            yield from search.needles("name", alone)
            yield Needle("record number", row["mrn"])
            if row["birth_date"] <= LAST_BIRTHDAY:
                yield from search.needles("birthday", search.forms_of_day(row["birth_date"]))
            for point in row["contact_points"]:
                value = str(point["value"])
                yield from search.needles("contact", [value] if "@" in value else search.forms_of_phone(value))
        for row in databases.rows("patient_registry", MEMBERS):
            yield Needle("member id", row["member_id"])
        for row in databases.rows("billing", DIAGNOSES):
            code = row["diagnosis"]
            yield from search.needles("diagnosis", {code, code.replace(".", "")})
    finally:
        databases.close()


def control(stack: Stack) -> Iterator[Needle]:
    """What must be found, so that finding nobody means something: the tenants' ids."""
    databases = Databases(stack.postgres.admin_url)
    try:
        for row in databases.rows("identity", TENANTS):
            yield Needle("tenant", str(row["tenant_id"]))
    finally:
        databases.close()


def own_words() -> frozenset[str]:
    """Every word of our own source and contracts, in small letters: a name that is one of them proves nothing alone."""
    files = [*(ROOT / "services").rglob("*.py"), *(ROOT / "protos").rglob("*.proto"), *(ROOT / "infra").rglob("*.py")]
    return frozenset(word.lower() for file in files for word in re.findall(r"[A-Za-z]+", file.read_text()))


def requests_without_a_service(receiver: Receiver) -> list[str]:
    """Requests that were answered with 2xx by calling a service, and whose trace has no span of that service."""
    services: dict[str, set[str]] = {}
    requests: dict[str, str] = {}
    for span in receiver.spans():
        services.setdefault(span.trace_id, set()).add(span.service)
        if span.service == "gateway" and span.attributes.get("http.response.status_code") == "200":
            requests[span.trace_id] = span.attributes.get("http.route", "")
    calling = {trace: route for trace, route in requests.items() if route.startswith(("/api/v1/", "/fhir/"))}
    alone = Counter(route for trace, route in calling.items() if services[trace] == {"gateway"})
    return [f"{count} × {route}: only the gateway's span" for route, count in alone.most_common()]


def summary(wanted: list[Needle], told: dict[str, set[str]], receiver: Receiver) -> str:
    """What was searched for, and in how much."""
    kinds = ", ".join(f"{count} of {kind}" for kind, count in sorted(Counter(each.kind for each in wanted).items()))
    texts = sum(map(len, told.values()))
    traces = Counter(span.trace_id for span in receiver.spans())
    series = len(receiver.points())
    return (
        f"Searched for {len(wanted):,} texts ({kinds}) in {texts:,} different texts of {len(told)} places:"
        f" {traces.total():,} spans in {len(traces):,} traces, {series:,} series, {sum(1 for _ in receiver.logs()):,} log records,"
        f" {len(told['NATS subjects']):,} subjects."
    )


if __name__ == "__main__":
    sys.exit(main())
