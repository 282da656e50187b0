"""Pages of the console and of the portal, as a browser asks for them: rendered, with everything they ask the services for."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import requests
from infra.day.accounts import DEMO_PASSWORD
from infra.load import network
from infra.load.figures import Figure, Sample

from gateway.console.routes import TABLES as CONSOLE
from gateway.portal.routes import TABLES as PORTAL
from tests.load.world import TENANT, World, registered

# p95 in milliseconds: of any page on a day's data, and of a patient's who has come 700 times.
ANY_PAGE, LONG_HISTORY = 150.0, 300.0
VISITS_OF_ONE, VISITS_A_DAY, PATIENTS = 700, 20, 60
SECONDS = 9.0
LEAST_ROUNDS = 4
BOOKERS = 6


def pages(world: World) -> list[Figure]:
    """Every page whose address needs no more than a patient and a visit, one reader at a time, in rounds over all pages."""
    others = registered(world, PATIENTS)
    busy, tomorrow = others.pop(), datetime.now(UTC).date() + timedelta(days=1)
    of_the_day = _book(world, [(patient, tomorrow, turn) for turn, patient in enumerate(others)])
    days = [tomorrow + timedelta(days=number) for number in range(VISITS_OF_ONE // VISITS_A_DAY)]
    of_busy = _book(world, [(busy, day, PATIENTS + turn) for day in days for turn in range(VISITS_A_DAY)])
    network.settle(world.stack)
    staff = _signed_in(world, "/console/sign-in", {"tenant": TENANT, "login": "owner"})
    board = f"?date={tomorrow.isoformat()}&location={world.location_ids[-1]}"
    usual = {"patient_id": others[0], "appointment_id": of_the_day[0], "visit_id": of_the_day[0]}
    long = {"patient_id": busy, "appointment_id": of_busy[0], "visit_id": of_busy[0]}
    whose = {login: _account(world, login, patient) for login, patient in (("usual", others[0]), ("busy", busy))}
    here = f"/portal/{TENANT}"
    console = _addresses([route.path for table in CONSOLE for route in table if route.verb == "GET"], usual)
    console += [f"/console/today{board}", f"/console/calendar{board}", f"/console/calendar{board}&view=week"]
    portal = [route.path for table in PORTAL for route in table if route.verb == "GET"] + ["/bills"]
    return [
        _figure("console pages", staff, console, ANY_PAGE, world),
        _figure("portal pages", whose["usual"], _addresses(portal, usual, here), ANY_PAGE, world),
        _figure("console, 700 visits", staff, _addresses(_of_one(CONSOLE), long), LONG_HISTORY, world),
        _figure("portal, 700 visits", whose["busy"], _addresses(portal, long, here), LONG_HISTORY, world),
    ]


def _of_one(tables: Sequence[Sequence[object]]) -> list[str]:
    """The addresses that are about one patient."""
    paths = [route.path for table in tables for route in table if route.verb == "GET"]  # type: ignore[attr-defined]
    return [path for path in paths if "{patient_id}" in path]


def _addresses(paths: Sequence[str], ids: Mapping[str, str], before: str = "") -> list[str]:
    """The addresses that these ids fill in; others are of things that this world has not."""
    named = [(path, set(re.findall(r"{(\w+)}", path))) for path in dict.fromkeys(paths)]
    return [before + path.format(**ids) for path, names in named if names <= ids.keys()]


def _figure(name: str, browser: requests.Session, paths: Sequence[str], bar: float, world: World) -> Figure:
    """The worst p95 among the pages that this reader may see, beside its bar."""
    shown = [path for path in paths if browser.get(world.stack.url + path, timeout=30).status_code == 200]
    taken: dict[str, list[float]] = defaultdict(list)
    until, rounds = time.monotonic() + SECONDS, 0
    while time.monotonic() < until or rounds < LEAST_ROUNDS:
        rounds += 1
        for path in shown:
            began = time.perf_counter()
            answer = browser.get(world.stack.url + path, timeout=30)
            taken[path].append((time.perf_counter() - began) * 1000)
            answer.raise_for_status()
    worst, slowest = max((Sample(rounds, 1, taken[path]).percentile(95), path) for path in shown)
    everything = [one for each in taken.values() for one in each]
    middle = Sample(len(everything), 1, everything)
    template = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", slowest.partition("?")[0])
    detail = f"{len(shown)} pages × {rounds}: p50 {middle.percentile(50):.0f}  p95 {middle.percentile(95):.0f} ms; slowest {template}"
    bar_text = f"each p95 ≤ {bar:.0f} ms"
    return Figure(f"{name}, worst p95", worst, "ms", detail, bar, "ms promised", bar_text, worst <= bar)


def _signed_in(world: World, path: str, fields: Mapping[str, str]) -> requests.Session:
    """A browser's session after signing in on a site's page."""
    browser = requests.Session()
    answer = browser.post(world.stack.url + path, data={**fields, "password": DEMO_PASSWORD}, timeout=30)
    answer.raise_for_status()
    return browser


def _account(world: World, login: str, patient_id: str) -> requests.Session:
    """A patient's account, signed in at the portal."""
    body = {"login": login, "name": login.title(), "password": DEMO_PASSWORD, "roles": ["ROLE_PATIENT"]}
    world.owner.post("/api/v1/users", {**body, "patient_ids": [patient_id]})
    return _signed_in(world, f"/portal/{TENANT}/sign-in", {"login": login})


def _book(world: World, wanted: Sequence[tuple[str, date, int]]) -> list[str]:
    """Books (patient, day, turn of the day); a turn is twenty minutes with a practitioner of its own. Answers the visits' ids."""

    def book(number: int) -> str:
        patient, day, turn = wanted[number]
        # The last location's practitioners, whose mornings lie in one day of UTC; from the back, where other measures do not look.
        place = len(world.location_ids) - 1
        own = world.practitioner_ids[place :: len(world.location_ids)]
        start = datetime(day.year, day.month, day.day, 16, tzinfo=UTC) + timedelta(minutes=20 * (turn % VISITS_A_DAY))
        body = {
            "patient_id": patient,
            "appointment_type_id": world.appointment_type_id,
            "practitioner_id": own[-1 - turn // VISITS_A_DAY],
            "location_id": world.location_ids[place],
            "start_time": start.isoformat().replace("+00:00", "Z"),
        }
        return str(world.owner.post("/api/v1/appointments", body)["appointment_id"])

    with ThreadPoolExecutor(BOOKERS) as pool:
        return list(pool.map(book, range(len(wanted))))
