"""What the use cases need beside their transaction: the registry, the carriers, and facts of the installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote
from uuid import UUID

from chassis.call import Call
from notifications.adapters.accounts import Accounts
from notifications.adapters.outcome import Carrier
from notifications.adapters.registry import Contact, Registry
from notifications.domain.vocabulary import Channel


@dataclass(frozen=True)
class Outside:
    """Made once, in `__main__`."""

    registry: Registry
    accounts: Accounts
    carriers: dict[Channel, Carrier]
    # Where patients and providers reach the gateway, without a trailing slash.
    public_url: str
    email_from: str
    sms_from: str
    # Secret of the provider's webhook signatures.
    sms_auth_token: str
    # The provider answers STOP, START and HELP by itself.
    provider_answers_keywords: bool
    # What was asked of the registry for many at once, by patient; holds for this transaction only.
    known: Mapping[UUID, Contact] = field(default_factory=dict)

    def contact(self, call: Call, patient_id: UUID) -> Contact | None:
        """How a patient may be reached now; None for one the registry does not know. Raises Unavailable."""
        return self.known.get(patient_id) or self.registry.contacts(call, [patient_id]).get(patient_id)

    def knowing(self, contacts: Mapping[UUID, Contact]) -> Outside:
        """The same, with what the registry has just answered about several patients."""
        return replace(self, known=contacts)

    @property
    def email_domain(self) -> str:
        """The right-hand side of every Message-ID."""
        return self.email_from.rpartition("@")[2]

    def portal_link(self, slug: str, page: str = "") -> str:
        """A page of a clinic's portal (``visits/…``; empty: its start), shown after signing in; the link itself says nothing about
        anybody. ``slug`` is the clinic's, "" while it is not known."""
        return "/".join(part for part in (self.public_url, "portal", slug, page if slug else "") if part)

    def status_callback(self, tenant_id: UUID, reference: str) -> str:
        """Where the provider tells what became of a text; the reference finds it even before its sid is known to us."""
        return f"{self.public_url}/webhooks/sms-status/{tenant_id}?reference={quote(reference)}"
