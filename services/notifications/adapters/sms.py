"""Text messages over an HTTP API of the Twilio kind."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3

from chassis import telemetry
from notifications.adapters.outcome import Parcel
from notifications.domain.delivery import UNREACHABLE, Accepted, HandOver, Refusal, Refused, sms_refusal

log = telemetry.logger(__name__)

# As many as messages are handed over at once; more are opened when needed and not kept.
CONNECTIONS = 8
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class SmsCarrier:
    """The provider's account. ``timeout`` in real seconds. Connections are kept: most of a message's price is the handshake."""

    url: str
    account_sid: str
    auth_token: str
    timeout: float = 10.0
    _http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=CONNECTIONS, retries=False), repr=False, compare=False
    )

    def hand_over(self, parcel: Parcel) -> HandOver:
        """Hands the text over under its ClientReference: the same one again is answered as the first was."""
        with telemetry.outside("sms", "send") as failed:
            outcome = self._send(parcel)
            if isinstance(outcome, Refused):
                failed(outcome.refusal.name)
        return outcome

    def _send(self, parcel: Parcel) -> HandOver:
        form = {
            "To": parcel.recipient,
            "From": parcel.sender,
            "Body": parcel.text,
            "StatusCallback": parcel.callback_url,
            "ClientReference": parcel.reference,
        }
        address = f"{self.url}/2010-04-01/Accounts/{self.account_sid}/Messages.json"
        headers = urllib3.make_headers(basic_auth=f"{self.account_sid}:{self.auth_token}") | {"Content-Type": FORM}
        try:
            answer = self._http.request("POST", address, body=urlencode(form), headers=headers, timeout=self.timeout)
        except urllib3.exceptions.HTTPError as error:
            log.warning("sms provider not reached", error=type(error).__name__)
            return Refused(UNREACHABLE, Refusal.TEMPORARY)
        good = answer.status < 400
        body = _json(answer)
        if good and body.get("sid"):
            return Accepted(str(body["sid"]))
        code = str(body.get("code", answer.status))
        # An answer that is neither an acceptance nor an error of the provider's is a broken proxy: it passes.
        refusal = Refusal.TEMPORARY if good else sms_refusal(answer.status, code)
        return Refused(code, refusal)


def _json(answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    try:
        body = json.loads(answer.data)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
