"""A tenant's beginnings: its copy, its locations, its built-in policy, rules and texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from chassis.call import Call
from notifications.domain import builtin
from notifications.domain.windows import DEFAULT_EMAIL_WINDOW, DEFAULT_SMS_WINDOW
from notifications.store import Store
from notifications.tables import Clinic, Location, Policy, Rule, Template, TemplateVersion

DEFAULT_SMS_PER_DAY = 12
DEFAULT_EMAIL_PER_DAY = 20
# Built-in rules reach back: a visit booked before its tenant was heard of has them too.
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
BUILT_IN_AUTHOR = "built-in"


@dataclass(frozen=True)
class ClinicFacts:
    """A tenant as identity tells it."""

    name: str
    slug: str
    default_language: str
    active: bool
    version: int


@dataclass(frozen=True)
class LocationFacts:
    """A location as identity tells it."""

    id: UUID
    name: str
    time_zone: str
    phone: str
    # Street and town on one line; "" when it is not known.
    address: str
    version: int


def follow_clinic(call: Call, facts: ClinicFacts) -> None:
    """Keeps the tenant's copy and installs its defaults at the first sight."""
    store = Store(call.session)
    ensure_installed(call, store)
    known = store.clinic()
    if known is None:
        known = Clinic(tenant_id=call.tenant_id)
    elif known.source_version >= facts.version:
        return
    known.name, known.default_language = facts.name, facts.default_language or "en"
    known.slug, known.active, known.source_version = facts.slug, facts.active, facts.version
    store.add(known)


def follow_location(call: Call, facts: LocationFacts) -> None:
    """Keeps a location's copy."""
    store = Store(call.session)
    known = store.get(Location, facts.id)
    if known is None:
        known = Location(id=facts.id)
    elif known.source_version >= facts.version:
        return
    known.name, known.time_zone, known.phone = facts.name, facts.time_zone, facts.phone
    known.address = facts.address
    known.source_version = facts.version
    store.add(known)


def ensure_installed(call: Call, store: Store) -> Policy:
    """The tenant's policy; the first caller installs policy, rules and texts (one at a time per tenant)."""
    policy = store.policy()
    if policy is None:
        store.serialise_tenant()
        policy = store.policy() or _install(call, store)
    return policy


def _install(call: Call, store: Store) -> Policy:
    for rule in builtin.RULES:
        install_rule(call, store, rule, ALWAYS)
    for text in builtin.TEMPLATES:
        install_text(call, store, text)
    return store.add(
        Policy(
            tenant_id=call.tenant_id,
            sms_opens_minute=DEFAULT_SMS_WINDOW.opens_minute,
            sms_closes_minute=DEFAULT_SMS_WINDOW.closes_minute,
            email_opens_minute=DEFAULT_EMAIL_WINDOW.opens_minute,
            email_closes_minute=DEFAULT_EMAIL_WINDOW.closes_minute,
            sms_per_day=DEFAULT_SMS_PER_DAY,
            email_per_day=DEFAULT_EMAIL_PER_DAY,
            sms_from="",
            email_from="",
        )
    )


def install_rule(call: Call, store: Store, rule: builtin.BuiltInRule, effective_from: datetime) -> None:
    """Gives the tenant a built-in rule, which holds for what happens from this instant on."""
    store.add(
        Rule(
            id=call.new_id(),
            name=rule.name,
            trigger=rule.trigger.value,
            offset_minutes=rule.offset_minutes,
            appointment_type_code="",
            channels=[channel.value for channel in rule.channels],
            template_code=rule.template_code,
            any_hour=rule.any_hour,
            active=rule.active,
            effective_from=effective_from,
        )
    )


def install_text(call: Call, store: Store, text: builtin.BuiltInTemplate) -> None:
    """Gives the tenant a built-in text, published."""
    template_id = call.new_id()
    store.add(
        Template(
            id=template_id,
            code=text.code,
            channel=text.channel.value,
            language=text.language,
            published_at=call.now,
        )
    )
    store.add(
        TemplateVersion(
            template_id=template_id,
            number=1,
            subject=text.source.subject,
            text=text.source.text,
            html=text.source.html,
            published_at=call.now,
            published_by=BUILT_IN_AUTHOR,
            built_in=True,
        )
    )
