"""Text messages over an HTTP API of the Twilio kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from chassis import telemetry
from notifications.adapters.outcome import Parcel
from notifications.domain.delivery import UNREACHABLE, Accepted, HandOver, Refusal, Refused, sms_refusal

log = telemetry.logger(__name__)


@dataclass(frozen=True)
class SmsCarrier:
    """The provider's account. ``timeout`` in real seconds."""

    url: str
    account_sid: str
    auth_token: str
    timeout: float = 10.0

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
        try:
            answer = requests.post(address, data=form, auth=(self.account_sid, self.auth_token), timeout=self.timeout)
        except requests.RequestException as error:
            log.warning("sms provider not reached", error=type(error).__name__)
            return Refused(UNREACHABLE, Refusal.TEMPORARY)
        body = _json(answer)
        if answer.ok and body.get("sid"):
            return Accepted(str(body["sid"]))
        code = str(body.get("code", answer.status_code))
        # An answer that is neither an acceptance nor an error of the provider's is a broken proxy: it passes.
        refusal = Refusal.TEMPORARY if answer.ok else sms_refusal(answer.status_code, code)
        return Refused(code, refusal)


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
