"""Who may see what: each page × each role, another tenant, another location, a patient."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

from gateway.console import routes
from gateway.transcoding.contracts import find_services
from gateway.web.calls import Rpcs
from tests.console.house import PASSWORD, House
from tests.depth import pieces

ROLES = ("owner", "manager", "desk", "scheduler", "biller", "doctor", "nurse", "auditor")
ROUTES = [route for table in routes.TABLES for route in table]
PLAIN = sorted(each.path for each in ROUTES if each.verb == "GET" and "{" not in each.path)
NOBODY = "01a2027b-4e79-7bc2-a328-82b238ac6c72"


def sources() -> Iterator[tuple[str, str]]:
    """The console's modules and templates, by name."""
    folder = routes.TEMPLATES.parent
    for path in [*folder.glob("*.py"), *folder.rglob("*.html"), *(folder.parent / "web").rglob("*.html")]:
        yield str(path.relative_to(folder.parent)), path.read_text()


def test_every_rpc_that_a_page_names_exists() -> None:
    """A page asks by ``Service.Method``; each of them is in a contract."""
    known = Rpcs(find_services())
    services = {name.split(".")[0] for name in known}
    named = {
        (file, found)
        for file, text in sources()
        for found in re.findall(r'"([A-Z][A-Za-z]+\.[A-Z][A-Za-z]+)"', text)
        if found.split(".")[0] in services
    }
    assert len(named) > 100
    assert {each for each in named if each[1] not in known} == set()


@pytest.mark.parametrize("role", pieces(ROLES, "owner", "desk"))
def test_each_page_for_each_role(house: House, role: str) -> None:
    """A page is shown, leads on, or says that it is not open; it never breaks, and it leads only to pages that are there."""
    browser = house.browser(role)
    assert browser.path.startswith("/console/")
    for path in PLAIN:
        if path == "/console/book":
            path = f"/console/book?patient={house.ids['patient']}"
        elif path == "/console/book/times":
            path = f"/console/book/times?patient={house.ids['patient']}&type={house.ids['type']}"
        browser.get(path)
        assert browser.status in (200, 403), (role, path, browser.text[-300:])
        assert "INTERNAL" not in browser.text, (role, path)
    browser.get("/console")
    assert browser.status == 200, role


@pytest.mark.parametrize("role", ROLES)
def test_sections_are_those_that_open(house: House, role: str) -> None:
    """What stands at the side of a role's pages opens for that role."""
    browser = house.browser(role)
    links = re.findall(r'<nav class="side".*?</nav>', browser.html, re.DOTALL)
    for link in re.findall(r'href="([^"]+)"', links[0]):
        assert browser.get(link).status == 200, (role, link)


def test_another_tenant_finds_nothing(house: House) -> None:
    """Ids of this clinic are unknown to another tenant's owner, on every kind of page."""
    from polyclinic.identity.v1 import identity_pb2

    operator = house.harnesses["identity"].client(None, ["platform.operate"])
    slug = house.slug.replace("console", "foreign")
    operator.call(
        "CreateTenant",
        identity_pb2.CreateTenantRequest(
            slug=slug, name="Foreign", owner_login="owner", owner_name="F", owner_password=PASSWORD
        ),
    )
    browser = house.browser()
    browser.slug = slug
    browser.sign_in("owner")
    assert browser.path == "/console/today"
    for path in (
        f"/console/patients/{house.ids['patient']}",
        f"/console/patients/{house.ids['patient']}/account",
        f"/console/settings/locations/{house.ids['location']}",
        f"/console/settings/people/{house.ids['practitioner']}",
        f"/console/settings/types/{house.ids['type']}",
        f"/console/settings/users/{house.ids['desk']}",
    ):
        assert browser.get(path).status == 404, path
    found = browser.post("/console/find", q="muñoz").text
    assert "Nobody matches" in found
    assert "Muñoz, Ana" not in found


def test_another_location_is_not_offered(house: House) -> None:
    """Somebody who works at one location is offered that one alone, whatever the address says."""
    browser = house.browser("mesa-desk").get(f"/console/today?location={house.ids['location']}")
    assert browser.status == 200
    assert "Mesa" in browser.text
    assert "Harbor" not in browser.text


def test_what_is_not_there_is_said_kindly(house: House) -> None:
    """An unknown patient, a path that is none, an id that is no id: a page that says so, not a broken one."""
    browser = house.browser("desk")
    assert browser.get(f"/console/patients/{NOBODY}").status == 404
    assert "There is nothing here" in browser.text
    assert browser.get("/console/patients/nonsense").status in (400, 404)
    assert browser.get("/console/visits/nonsense/arrive").status in (400, 404)


def test_a_part_that_is_away_is_said_where_it_would_stand(house: House) -> None:
    """With billing and notifications away a patient's page still shows the patient."""
    from dataclasses import replace

    from gateway.app import create_app
    from gateway.settings import Settings
    from tests.console.house import Browser

    addresses = {
        name: f"127.0.0.1:{house.harnesses[name].service.port}"
        for name in ("identity", "patient_registry", "scheduling")
    }
    settings = Settings(session_key=b"k" * 32, addresses=addresses, limit_address_per_second=0.0)  # type: ignore[arg-type]
    app = create_app(replace(settings))
    try:
        browser = Browser(app.test_client(), house.slug, "en").sign_in("desk")
        browser.get(f"/console/patients/{house.ids['patient']}")
        assert browser.status == 200
        assert "Muñoz, Ana" in browser.text
        assert "cannot be shown now" in browser.text
        assert browser.get("/console/today").status == 200
    finally:
        app.extensions["polyclinic.backends"].close()


def test_handlers_are_pages_alone() -> None:
    """Screens hold no rule: no console module opens a database, a bus or a channel of its own."""
    for route in ROUTES:
        module = inspect.getmodule(route.handler)
        assert module is not None
        assert not re.search(
            r"^(?:from|import) (?:sqlalchemy|psycopg|nats|grpc)", inspect.getsource(module), re.MULTILINE
        ), module.__name__
