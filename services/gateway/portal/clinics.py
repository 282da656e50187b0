"""A clinic's public page, for people and for search engines; without sign-in, and only what the clinic publishes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from flask import Response
from markupsafe import Markup
from polyclinic.types.v1 import types_pb2

from gateway.portal import words
from gateway.portal.page import PortalPage
from gateway.web.i18n import LANGUAGES

# So old a page may be, here and in a browser; real time.
FRESH_SECONDS = 60.0
MOST_KEPT = 2_000
MOST_SERVICES = 200
MOST_LISTED = 50_000  # of a sitemap (sitemaps.org)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ClinicPages:
    """The handlers. A page is kept for a minute for each language, so that a crowd costs one reading."""

    def __init__(self, public_url: str, monotonic: Callable[[], float]) -> None:
        self._public_url, self._monotonic = public_url, monotonic
        # Of (slug, language, our own address): without a configured one that is what the request was sent to, which its sender chooses.
        self._kept: dict[tuple[str, str, str], tuple[float, bytes]] = {}
        self._lock = threading.Lock()

    def show(self, page: PortalPage) -> Response:
        """The clinic's page. Raises NotFound (as Refused)."""
        page.speak(page.arg("lang"))
        key = (page.slug, page.language.tag, self._base(page))
        kept = self._kept.get(key)
        if kept is not None and self._monotonic() - kept[0] < FRESH_SECONDS:
            return self._public(page, Response(kept[1], content_type="text/html; charset=utf-8"))
        clinic = page.clinic
        services = page.call(
            "Scheduling.ListOnlineVisits", tenant_id=clinic.tenant_id, page_size=MOST_SERVICES
        ).online_visits
        url = f"{key[2]}/clinics/{clinic.slug}"
        response = page.show(
            "clinic.html",
            clinic=clinic,
            services=services if clinic.published else (),
            about=_about(clinic, page.language.tag),
            url=url,
            tags=list(LANGUAGES),
            data=structured_data(clinic, services, url, _about(clinic, page.language.tag)) if clinic.published else "",
            hours=[(each, week(page, each)) for each in clinic.locations],
            words=words,
        )
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (self._monotonic(), response.get_data())
        return self._public(page, response)

    def sitemap(self, page: PortalPage) -> Response:
        """Every published page, for search engines."""
        base = self._base(page)
        found = page.pages("Clinics.ListClinics", "slugs", limit=MOST_LISTED)
        urls = "".join(f"<url><loc>{escape(base)}/clinics/{quote(slug)}</loc></url>" for slug in found)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
        )
        return self._public(page, Response(body, content_type="application/xml; charset=utf-8"))

    def robots(self, page: PortalPage) -> Response:
        """What search engines are asked to read: the clinics' pages and nothing else."""
        lines = ("User-agent: *", "Allow: /clinics/", "Allow: /assets/", "Disallow: /", "")
        body = "\n".join([*lines, f"Sitemap: {self._base(page)}/sitemap.xml", ""])
        return self._public(page, Response(body, content_type="text/plain; charset=utf-8"))

    def _base(self, page: PortalPage) -> str:
        return self._public_url or page.exchange.request.host_url.rstrip("/")

    def _public(self, page: PortalPage, response: Response) -> Response:
        response = page.finish(response)
        response.headers["Cache-Control"] = f"public, max-age={int(FRESH_SECONDS)}"
        response.headers["Vary"] = "Accept-Language, Cookie"
        return response


def _about(clinic: Any, language: str) -> str:
    """What the clinic says about itself, in the reader's language or else its own."""
    said: Mapping[str, str] = clinic.about
    return said.get(language) or said.get(clinic.default_language.split("-")[0], "") or next(iter(said.values()), "")


def week(page: PortalPage, location: Any) -> list[tuple[str, str]]:
    """The opening hours of a week: (marked day, ``8:00 AM – 5:00 PM``), "" for a closed day."""
    wall = page.filters["wall"]
    days: dict[int, list[str]] = {}
    for each in sorted(location.hours, key=lambda one: (one.weekday, one.opens_minute)):
        days.setdefault(each.weekday, []).append(f"{wall(each.opens_minute)} – {wall(each.closes_minute)}")
    return [(words.WEEKDAYS[day - 1], ", ".join(days.get(day, []))) for day in range(1, 8)]


def structured_data(clinic: Any, services: Iterable[Any], url: str, about: str) -> Markup:
    """The clinic in the words of schema.org, as JSON-LD that is safe within a script element of type application/ld+json.

    Such an element is a block of data: browsers do not run it, so the page's policy need not allow it.
    """
    body = {
        "@context": "https://schema.org",
        "@type": "MedicalClinic",
        "@id": url,
        "name": clinic.name,
        "url": url,
        "isAcceptingNewPatients": clinic.takes_new_patients,
        "department": [_place(each) for each in clinic.locations],
        "employee": [
            {
                "@type": "Person",
                "name": f"{each.name.given} {each.name.family}",
                "honorificSuffix": each.credential,
                "knowsLanguage": list(each.languages),
                "knowsAbout": list(each.specialties),
            }
            for each in clinic.people
        ],
        "makesOffer": [{"@type": "Offer", "itemOffered": {"@type": "Service", "name": each.name}} for each in services],
        "potentialAction": {"@type": "ReserveAction", "target": f"{url.replace('/clinics/', '/portal/')}/book"},
    }
    more = {"description": about, "telephone": clinic.phone, "email": clinic.email}
    body |= {name: text for name, text in more.items() if text}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


def _place(location: Any) -> dict[str, Any]:
    address: types_pb2.Address = location.address
    found: dict[str, Any] = {
        "@type": "MedicalClinic",
        "name": location.name,
        "telephone": location.phone,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": ", ".join(address.lines),
            "addressLocality": address.city,
            "addressRegion": address.state,
            "postalCode": address.postal_code[:5],
            "addressCountry": "US",
        },
        "openingHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": f"https://schema.org/{DAYS[each.weekday - 1]}",
                "opens": _clock(each.opens_minute),
                "closes": _clock(each.closes_minute),
            }
            for each in location.hours
        ],
    }
    if location.HasField("latitude"):
        found["geo"] = {
            "@type": "GeoCoordinates",
            "latitude": location.latitude,
            "longitude": location.longitude,
        }
    return found


def _clock(minute: int) -> str:
    """``08:30``; the day's end is 23:59, as schema.org writes it."""
    minute = min(minute, 24 * 60 - 1)
    return datetime(2000, 1, 1, minute // 60, minute % 60, tzinfo=UTC).strftime("%H:%M")
