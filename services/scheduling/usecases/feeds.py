"""iCalendar feeds: times for whoever knows the secret path, and nothing that says who comes for what."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import timedelta
from uuid import UUID, uuid5

from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation
from scheduling.adapters.icalendars import Entry, write_feed
from scheduling.store import Store
from scheduling.tables import Appointment, LocationCopy, PatientCopy, PractitionerCopy
from scheduling.tables_calendars import CalendarFeed
from scheduling.usecases import guards
from scheduling.usecases.errors import TooManyFeeds

PAST = timedelta(days=30)
AHEAD = timedelta(days=400)
MOST_VISITS = 5_000
MOST_FEEDS = 10
SECRET_BYTES = 24
# UIDs of visits are made in this name space, here and in messages (a test holds them equal); it never changes.
VISITS = UUID("0f6a9c1e-55a1-5b7d-8d5e-2a7b9f1c6e43")


def create(call: Call, practitioner_id: UUID | None, patient_id: UUID | None) -> tuple[CalendarFeed, str]:
    """Makes a feed; returns it and its path. Raises InvalidInput, NotFound, TooManyFeeds."""
    store = Store(call.session)
    if (practitioner_id is None) == (patient_id is None):
        raise InvalidInput([Violation("practitioner_id", "either a practitioner or a patient is required")])
    if practitioner_id is not None:
        if guards.is_patient(call):
            raise NotFound("practitioner")
        store.need(PractitionerCopy, practitioner_id, "practitioner")
    else:
        guards.own_patient(call, patient_id)
        store.need(PatientCopy, patient_id or UUID(int=0), "patient")
    if store.count_feeds(practitioner_id, patient_id) >= MOST_FEEDS:
        raise TooManyFeeds
    secret = secrets.token_bytes(SECRET_BYTES)
    feed = store.add(
        CalendarFeed(
            practitioner_id=practitioner_id,
            patient_id=patient_id,
            secret_hash=_hash(secret),
            made_at=call.now,
            rotated_at=call.now,
        )
    )
    return feed, _path(feed, secret)


def rotate(call: Call, feed_id: UUID) -> tuple[CalendarFeed, str]:
    """Gives a feed a new path; the old one stops. Raises NotFound."""
    feed = _own(call, feed_id)
    secret = secrets.token_bytes(SECRET_BYTES)
    feed.secret_hash, feed.rotated_at = _hash(secret), call.now
    call.session.flush()
    return feed, _path(feed, secret)


def delete(call: Call, feed_id: UUID) -> CalendarFeed:
    """Ends a feed. Raises NotFound."""
    feed = _own(call, feed_id)
    call.session.delete(feed)
    return feed


def list_feeds(
    call: Call, practitioner_id: UUID | None, patient_id: UUID | None, page_size: int, page_token: str
) -> tuple[list[CalendarFeed], str]:
    """A page of feeds; a patient sees their own."""
    if patient_id is not None:
        guards.own_patient(call, patient_id)
    return Store(call.session).feeds_page(practitioner_id, patient_id, page_size, page_token)


def read(call: Call, token: str) -> bytes:
    """The feed of a token as text/calendar. Raises NotFound."""
    tenant_id, feed_id, secret = _parts(token)
    call.enter_tenant(tenant_id)
    store = Store(call.session)
    feed = store.get(CalendarFeed, feed_id)
    if feed is None or not hmac.compare_digest(feed.secret_hash, _hash(secret)):
        raise NotFound("calendar")
    rows = store.visits_of_feed(feed, call.now - PAST, call.now + AHEAD, MOST_VISITS)
    if feed.patient_id is not None:
        return write_feed("Appointments", (_entry(call, row, "Appointment", "") for row in rows))
    places = store.names(LocationCopy, (row.location_id for row in rows))
    return write_feed("Booked", (_entry(call, row, "Booked", places.get(row.location_id, "")) for row in rows))


def one_visit(call: Call, appointment_id: UUID) -> bytes:
    """One visit as text/calendar, with where it is. Raises NotFound."""
    store = Store(call.session)
    view = guards.describe_one(store, guards.seen_appointment(call, store, appointment_id))
    return write_feed("Appointment", [_entry(call, view.row, "Appointment", view.location_name)])


def uid_of(appointment_id: UUID) -> str:
    """A visit's UID in every calendar that ever hears of it: feeds here, attachments of messages. It gives no id of ours away."""
    return f"{uuid5(VISITS, str(appointment_id))}@polyclinic"


def _entry(call: Call, row: Appointment, summary: str, where: str) -> Entry:
    return Entry(uid_of(row.id), row.start_time, row.end_time, row.version, summary, where, call.now)


def _own(call: Call, feed_id: UUID) -> CalendarFeed:
    feed = Store(call.session).lock(CalendarFeed, feed_id, "calendar feed")
    if guards.is_patient(call) and feed.patient_id not in call.principal.patient_ids:
        raise NotFound("calendar feed")
    return feed


def _hash(secret: bytes) -> bytes:
    # 192 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret).digest()


def _path(feed: CalendarFeed, secret: bytes) -> str:
    token = base64.urlsafe_b64encode(feed.tenant_id.bytes + feed.id.bytes + secret).decode().rstrip("=")
    return f"/api/v1/calendars/{token}/calendar.ics"


def _parts(token: str) -> tuple[UUID, UUID, bytes]:
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise NotFound("calendar") from None
    if len(raw) != 32 + SECRET_BYTES:
        raise NotFound("calendar")
    return UUID(bytes=raw[:16]), UUID(bytes=raw[16:32]), raw[32:]
