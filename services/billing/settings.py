"""What billing is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import Secret, ServiceSettings, Url


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The variable of a field is ``POLYCLINIC_`` + its name in capitals."""

    # The card processor (an HTTP API of the Stripe kind).
    card_url: Url = Url("http://127.0.0.1:4501")
    card_secret_key: Secret = Secret("")
    # Signs the processor's webhooks; without it every webhook is refused.
    card_webhook_secret: Secret = Secret("")
