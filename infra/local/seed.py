"""What `make run` puts into a new installation: the day's network, some families, today as it goes, a week of bookings."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from infra.day.accounts import DEMO_PASSWORD, Doorman
from infra.day.client import ApiError, RequestLog
from infra.day.clock import RealTime
from infra.day.context import Day, Options
from infra.day.observe import Observer
from infra.day.outside import Outside
from infra.day.progress import Progress
from infra.day.steps import step_01_network, step_02_patients, step_04_booking
from infra.day.world import CLINICIANS, PLACES, TENANT
from infra.local import portal, today
from infra.local.process import StartError
from infra.local.stack import Stack

SEED = 7
DAYS = 5
VISITS_A_DAY = 24


def seed_demo(stack: Stack) -> Iterator[str]:
    """Fill a new installation through its public API (an existing one is left as it is); yields lines for a person.

    StartError when it cannot be filled, or was filled by half before.
    """
    begun = stack.data / "filling"
    if begun.exists():
        raise StartError(f"filling {stack.data} was broken off; empty it with `make reset` and start again")
    if is_new(stack):
        yield "[dim]filling the new installation …[/dim]"
        begun.touch()
        try:
            people, visits, now = fill(stack)
        except ApiError as error:
            raise StartError(
                f"the installation could not be filled ({error}); `make reset`, then start again"
            ) from None
        begun.unlink()
        yield f"[dim]{people} people, {now} visits today, {visits} over the next working days[/dim]"
    yield from signpost(stack.url, stack.plan.simulator_control("smtp"), stack.data)


def signpost(url: str, mail_url: str, data: Path) -> Iterator[str]:
    """Where everything is and who can sign in, one line each, none wider than a terminal of 80 columns."""
    yield ""
    yield f"[bold]Polyclinic is up:[/bold] {url}"
    yield f"  staff console     {url}/console"
    yield f"  patient portal    {url}/portal/{TENANT}"
    yield f"  clinic's page     {url}/clinics/{TENANT}"
    yield f"  API, to try out   {url}/api/docs"
    yield f"  FHIR R4           {url}/fhir/R4/metadata"
    yield f"  mail it has sent  {mail_url}/_sim/messages"
    yield f"  logs              {data / 'logs'}"
    yield ""
    yield f"[bold]Sign in[/bold] to the tenant {TENANT} with the password {DEMO_PASSWORD} as"
    yield "  owner             may do everything"
    yield "  biller            claims, remittances, payments, statements"
    for place in PLACES:
        yield f"  {'desk-' + place.key:<17} front desk of {place.name}"
    clinician = CLINICIANS[0]
    yield f"  {clinician.key:<17} {clinician.given} {clinician.family}, {clinician.credential}"
    yield f"  {portal.LOGIN:<17} a patient, at the portal (choose 'With a password')"
    yield ""
    yield "[bold]Try it[/bold]"
    yield f"  curl -s {url}/api/v1/sessions \\"
    yield "    -H 'Content-Type: application/json' \\"
    yield f'    -d \'{{"tenant": "{TENANT}", "login": "owner",'
    yield f'         "password": "{DEMO_PASSWORD}"}}\''
    yield ""


def is_new(stack: Stack) -> bool:
    """Whether the demo's tenant does not exist yet."""
    owner = Doorman(stack.url, RequestLog()).person(TENANT, "owner")
    try:
        owner.get("/api/v1/me")
    except ApiError as error:
        if error.status == 401:
            return True
        raise
    return False


def fill(stack: Stack) -> tuple[int, int, int]:
    """The day's first steps on the real clock: network, people, bookings, and today; returns how many people, visits of the
    coming days, visits of today."""
    observer = Observer(stack)
    with tempfile.TemporaryDirectory() as out, Progress(Console(quiet=True)) as progress:
        options = Options(VISITS_A_DAY * DAYS, SEED, None, chaos=False, keep=True, out=Path(out))
        day = Day(options, stack, observer, RealTime(observer), Outside.of(stack.plan), RequestLog(), progress)
        day.visit_day = next_working_day(day.time.now.date())
        step_01_network.run(day)
        step_02_patients.run(day)
        tally = step_04_booking.Tally()
        wishes = step_04_booking.make_wishes(day)
        for number in range(DAYS):
            chosen = wishes[number * VISITS_A_DAY : (number + 1) * VISITS_A_DAY]
            booked = day.parallel(lambda wish: step_04_booking.book(day, wish, tally), chosen, "booking")
            day.visits.extend(visit for visits in booked for visit in visits)
            day.visit_day = next_working_day(day.visit_day)
        present = today.fill(day)
        give_desks_their_place(day)
        portal.fill(day)
        observer.databases.close()
        return len(day.people), len(day.visits), present


def give_desks_their_place(day: Day) -> None:
    """From now on each front desk works at its own location: its console opens there and offers no other."""
    owner = day.accounts.owner
    places = {f"desk-{place.key}": day.cast.locations[place.key] for place in PLACES}
    for account in owner.pages("/api/v1/users", "accounts"):
        if account["login"] in places:
            path = f"/api/v1/users/{account['account_id']}?update_mask=location_ids"
            owner.patch(path, {"location_ids": [places[account["login"]]]})


def next_working_day(day: date) -> date:
    """The next Monday to Friday after ``day``."""
    following = day + timedelta(days=1)
    while following.isoweekday() > 5:
        following += timedelta(days=1)
    return following
