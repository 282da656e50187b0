"""What the environment tells the gateway. The variable of a field is ``POLYCLINIC_`` + its name in capitals."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.settings import Key32, Secret, ServiceSettings, SettingsError, Url

ROLES = ("all", "api", "streams")


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The gateway's settings. Services are found at ``POLYCLINIC_<SERVICE>_ADDRESS`` (``addresses`` of the chassis)."""

    # The gateway keeps nothing: it has no database.
    database_url: Secret = Secret("")
    database_worker_url: Secret = Secret("")
    listen: str = "127.0.0.1:8080"
    # Seals the browsers' session cookies; the same for all replicas.
    session_key: Key32
    # How the outside reaches us, e.g. "https://clinic.example.org": signed webhooks, FHIR links, secure cookies.
    public_url: Url = Url("")
    # "all", or "api" and "streams" apart, so that thousands of open streams never slow a booking.
    gateway_role: str = "all"
    http_workers: int = 1
    # Requests served at once by one worker, beside its open streams.
    http_threads: int = 24
    max_streams: int = 300
    # How many replicas share the limits below.
    replicas: int = 1
    limit_principal_per_second: float = 300.0
    limit_tenant_per_second: float = 3000.0
    # Requests without a valid token, by client address.
    limit_address_per_second: float = 60.0
    # Requests that one worker serves at once well; while more are asked, by several tenants, each has its part of them. 0: no turns.
    fair_places: int = 4
    # Calls of outside parties, by webhook and tenant.
    limit_webhook_per_second: float = 500.0
    # Reverse proxies in front of us whose X-Forwarded-For is believed.
    trusted_proxies: int = 0
    rpc_deadline_seconds: float = 10.0
    # Where patients' browsers hand a card's number to the processor, and our public key there; empty: the portal takes no cards.
    card_browser_url: Url = Url("")
    card_publishable_key: str = ""
    # One JSON line per API request goes to this file, for comparison with the audit; nowhere when empty.
    request_log: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gateway_role not in ROLES:
            raise SettingsError(
                [f"POLYCLINIC_GATEWAY_ROLE must be one of {', '.join(ROLES)}, not {self.gateway_role!r}"]
            )

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS."""
        return self.public_url.startswith("https://")
