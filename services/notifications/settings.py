"""What the service is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import Secret, ServiceSettings, Url


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The mail server, the SMS provider and the public address of this installation."""

    # Where patients and providers reach the gateway: portal links and webhook URLs begin with it.
    public_url: Url = Url("http://127.0.0.1:8080")

    smtp_host: str = "127.0.0.1"
    smtp_port: int = 1025
    smtp_user: str = ""
    smtp_password: Secret = Secret("")
    # "none", "starttls" or "implicit".
    smtp_tls: str = "none"
    # Sender when the tenant has none of its own; its domain ends every Message-ID.
    email_from: str = "no-reply@polyclinic.example"

    sms_url: Url = Url("http://127.0.0.1:4301")
    sms_account: str = "AC00000000000000000000000000000000"
    sms_token: Secret = Secret("")
    # Sender when the tenant has no number of its own (E.164).
    sms_from: str = "+12125550100"
    # The provider answers STOP, START and HELP itself (Twilio does unless told otherwise): then we stay silent.
    sms_provider_answers_keywords: bool = True

    # A reminder's hand-over may take this long (real seconds).
    delivery_timeout_seconds: float = 10.0
