"""Identity's settings."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import Secret, ServiceSettings


@dataclass(frozen=True)
class Settings(ServiceSettings):
    """POLYCLINIC_… variables that only identity reads."""

    # The operator's secret: client id "operator", permission platform.operate. Empty: there is no operator.
    operator_secret: Secret = Secret("")
    # Our services' own secrets: "billing=…,notifications=…".
    service_client_secrets: Secret = Secret("")
    access_token_seconds: int = 300
    # A browser session without use ends after this long; each refresh starts it anew.
    session_hours: int = 12
    # A patient's session, likewise: their phone is lent and lost more often than a desk.
    patient_session_minutes: int = 30
    # argon2id; the defaults of the library take 350 ms on a small machine (OWASP: 19 MiB, t = 2, p = 1).
    password_memory_kib: int = 19 * 1024
    password_passes: int = 2

    def service_secrets(self) -> dict[str, str]:
        """Secret by service name."""
        pairs = (pair.split("=", 1) for pair in str(self.service_client_secrets).split(",") if "=" in pair)
        return {name.strip(): secret for name, secret in pairs}
