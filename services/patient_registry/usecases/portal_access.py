"""Asking for a code for the portal. Real time throughout: who signs in now is not simulated."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from uuid import UUID

from chassis.call import Call
from chassis.clock import real_now
from chassis.errors import InvalidInput, Violation
from patient_registry import published
from patient_registry.domain import contact_points, keys
from patient_registry.domain.consent import Channel
from patient_registry.store import Store
from patient_registry.store_portal import PortalStore
from patient_registry.tables import Patient, PortalCodeRequest

WINDOW = timedelta(hours=1)
MOST_IN_WINDOW = 5


def request_code(call: Call, tenant_id: UUID, typed: str, birth_date: date) -> UUID:
    """Asks for a code at an address of a person with this birth date; returns what it will be verified with.

    The answer says nothing about whether there is such a person. Raises InvalidInput for what is no address.
    """
    call.enter_tenant(tenant_id)
    email = contact_points.email(typed) or ""
    address = email or contact_points.e164(typed) or ""
    if not address:
        raise InvalidInput([Violation("contact", "must be a phone number with its area code or an e-mail address")])
    store, portal, now, code_id = Store(call.session), PortalStore(call.session), real_now(), call.new_id()
    digest = hashlib.sha256(address.encode()).digest()
    asked = portal.portal_codes_since(digest, now - WINDOW)
    store.add(PortalCodeRequest(contact_digest=digest, requested_at=now))
    found = _person(store, keys.email_key(email) if email else keys.phone_keys(address)[0], birth_date)
    if found is not None and asked < MOST_IN_WINDOW:
        channel = Channel.EMAIL if email else Channel.SMS
        call.emit(published.portal_code_requested(code_id, found, channel.value, address, portal.proxied_by(found.id)))
    return code_id


def _person(store: Store, key: str, birth_date: date) -> Patient | None:
    """The one living person with this address and birth date; twins who share both have to ask at the desk."""
    holders = store.patients(store.holders_of(key))
    fitting = [
        each
        for each in holders.values()
        if each.birth_date == birth_date and each.active and not each.deceased and each.merged_into is None
    ]
    return fitting[0] if len(fitting) == 1 else None
