"""The SMS provider's signed calls: who may be believed, and for which tenant."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

from chassis.call import Call
from chassis.errors import Unauthenticated
from notifications.domain import signatures
from notifications.store import Store
from notifications.usecases.answering import Incoming, take_reply
from notifications.usecases.outside import Outside
from notifications.usecases.receipts import Receipt, take_receipt


def receive_status(
    call: Call, outside: Outside, tenant_id: UUID, url: str, headers: Mapping[str, str], body: bytes
) -> None:
    """A status callback (form MessageSid, MessageStatus, ErrorCode). Raises Unauthenticated."""
    form = _genuine_form(outside, url, headers, body)
    if _enter(call, tenant_id):
        reference = parse_qs(urlsplit(url).query).get("reference", [""])[0]
        receipt = Receipt(
            form.get("MessageSid", ""), reference, form.get("MessageStatus", "").lower(), form.get("ErrorCode", "")
        )
        take_receipt(call, outside, receipt)


def receive_reply(
    call: Call, outside: Outside, tenant_id: UUID, url: str, headers: Mapping[str, str], body: bytes
) -> None:
    """A text that came in (form MessageSid, From, To, Body). Raises Unauthenticated."""
    form = _genuine_form(outside, url, headers, body)
    if form.get("MessageSid") and _enter(call, tenant_id):
        take_reply(
            call,
            outside,
            Incoming(
                form["MessageSid"], form.get("From", ""), form.get("To", ""), form.get("Body", "").replace("\x00", "")
            ),
        )


def _genuine_form(outside: Outside, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The form of a call that the provider signed, over the URL as it was called. Raises Unauthenticated."""
    try:
        form = parse_qsl(body.decode(), keep_blank_values=True)
    except (UnicodeDecodeError, ValueError):
        raise Unauthenticated("The signature is not valid.", internal="body is no form") from None
    given = headers.get(signatures.HEADER, "")
    if not signatures.is_genuine(outside.sms_auth_token, url, form, given):
        raise Unauthenticated("The signature is not valid.")
    return dict(form)


def _enter(call: Call, tenant_id: UUID) -> bool:
    """Enters the tenant named in the (signed) URL; False for one this service has never heard of."""
    call.enter_tenant(tenant_id)
    return Store(call.session).clinic() is not None
