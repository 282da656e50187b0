"""A clinic's public page: only what it publishes, for people and for search engines."""

from __future__ import annotations

import json
import re
from typing import Any

from polyclinic.identity.v1 import identity_pb2

from chassis.ids import uuid7
from tests.console.house import PASSWORD, ZONE_WORD, House
from tests.portal.house import reader


def publish(house: House, **more: Any) -> None:
    """Publishes the clinic's page with its first location and its clinician."""
    body = {
        "published": True,
        "about": {"en": "Family medicine on the harbor. <b>Come in.</b>", "es": "Medicina familiar en el puerto."},
        "phone": "+12125550100",
        "email": "hello@harbor.example",
        "takes_new_patients": True,
        "location_ids": [house.ids["location"]],
        "practitioner_ids": [house.ids["practitioner"]],
    }
    house.api()("PATCH", "/v1/clinic-page", **(body | more))


def data_of(html: str) -> dict[str, Any]:
    """The page's JSON-LD."""
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    return json.loads(found[1])  # type: ignore[index, no-any-return]


def test_an_unpublished_clinic_says_its_name_alone(house: House) -> None:
    """Before it publishes, a clinic's page has its name and the way to the portal, and asks not to be indexed."""
    slug = "silent-" + uuid7().hex[-12:]
    house.harnesses["identity"].client(None, ["platform.operate"]).call(
        "CreateTenant",
        identity_pb2.CreateTenantRequest(
            slug=slug, name="Silent Clinic", owner_login="owner", owner_name="O", owner_password=PASSWORD
        ),
    )
    browser = reader(house)
    browser.get(f"/clinics/{slug}")
    assert browser.status == 200
    assert "Silent Clinic" in browser.text
    assert 'name="robots" content="noindex"' in browser.html
    assert "ld+json" not in browser.html
    assert slug not in browser.get("/sitemap.xml").html


def test_a_published_page_says_what_is_published_and_no_more(house: House) -> None:
    """Services, the listed people and locations, hours and contact; what is not listed does not appear."""
    publish(house)
    browser = reader(house)
    browser.get(f"/clinics/{house.slug}")
    for told in ("Harbor Clinic", "Check-up", "Ada Okafor, MD", "1 Main Street", ZONE_WORD, "hello@harbor.example"):
        assert told in browser.text, told
    assert "Mesa" not in browser.text  # a location that is not listed
    assert "Office visit" not in browser.text  # a kind of visit that is not booked online
    assert "<b>Come in.</b>" not in browser.html
    assert browser.headers["Cache-Control"] == "public, max-age=60"
    assert "'unsafe-inline'" not in browser.headers["Content-Security-Policy"]
    assert house.slug in browser.get("/sitemap.xml").html
    assert "Sitemap: http" in browser.get("/robots.txt").html


def test_search_engines_read_the_same(house: House) -> None:
    """The JSON-LD is valid JSON with the clinic in schema.org's words, and nothing in it can end its element."""
    publish(house)
    browser = reader(house)
    browser.get(f"/clinics/{house.slug}?lang=en")
    data = data_of(browser.html)
    assert data["@type"] == "MedicalClinic"
    assert data["department"][0]["address"]["addressLocality"] == "New York"
    assert len(data["department"][0]["openingHoursSpecification"]) == 7
    assert data["employee"][0]["name"] == "Ada Okafor"
    assert [each["itemOffered"]["name"] for each in data["makesOffer"]] == ["Check-up", "Video visit"]
    assert data["potentialAction"]["target"].endswith(f"/portal/{house.slug}/book")


def test_the_page_speaks_the_language_of_its_address(house: House) -> None:
    """``?lang=es`` is a page of its own, whatever the browser prefers, and each names the other."""
    publish(house)
    browser = reader(house)
    browser.get(f"/clinics/{house.slug}?lang=es")
    assert "Medicina familiar en el puerto." in browser.text
    assert "Reservar ahora" in browser.text
    assert 'hreflang="en"' in browser.html
    assert "Family medicine" in browser.get(f"/clinics/{house.slug}?lang=en").text


def test_nobody_chooses_the_addresses_that_others_read(house: House) -> None:
    """Without a configured address a page names the host it was asked at; what one visitor asked at is not kept for the next."""
    publish(house)
    browser = reader(house)
    browser.client.get(f"/clinics/{house.slug}?lang=en", base_url="http://evil.example")
    assert "evil.example" not in browser.get(f"/clinics/{house.slug}?lang=en").html


def test_a_clinic_that_nobody_has_is_not_there(house: House) -> None:
    """Neither an unknown slug nor what can be none."""
    browser = reader(house)
    assert browser.get("/clinics/nobody-has-this").status == 404
    assert browser.get("/clinics/No!").status in (400, 404)


def test_only_the_organisations_own_can_be_shown(house: House) -> None:
    """A location of somebody else is refused at its place in the list."""
    browser = reader(house)
    owner = browser.client.post(
        "/api/v1/sessions", json={"tenant": house.slug, "login": "owner", "password": PASSWORD}
    ).get_json()
    answer = browser.client.patch(
        "/api/v1/clinic-page",
        json={"location_ids": [str(uuid7())]},
        headers={"Authorization": f"Bearer {owner['access_token']}"},
    )
    assert answer.status_code == 400
    assert answer.get_json()["violations"][0]["field"] == "location_ids[0]"
