"""One frozen settings object a service, read from the environment once and validated as a whole.

The variable of a field is ``POLYCLINIC_`` + the field's name in capitals. Secrets are redacted in reprs and logs.
"""

from __future__ import annotations

import base64
import dataclasses
import os
import re
import types
import typing
from collections.abc import Mapping
from urllib.parse import urlsplit

PREFIX = "POLYCLINIC_"
SSL_MODES = ("", "disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_ADDRESS = re.compile(rf"^{PREFIX}([A-Z0-9_]+)_ADDRESS$")


class Secret(str):
    """A text that must not be printed: its repr is a row of stars. ``str(secret)`` is the real value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"


class Url(str):
    """A URL with scheme and host, without a trailing slash."""

    __slots__ = ()


class Key32(bytes):
    """A 32-byte key, written as base64 in the environment."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Key32('***')"


class SettingsError(Exception):
    """Some settings are missing or malformed; the message lists all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("bad settings: " + "; ".join(problems))
        self.problems = problems


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """What every service is told by its environment."""

    listen: str = "127.0.0.1:0"
    # Health alone, without TLS, for a prober that has no certificate (the kubelet); nowhere when empty.
    health_listen: str = ""
    # Our certificate, its key and the authority of the other services' certificates. With them every call between services
    # is mutual TLS, both ways; all three or none. They are read again when they change.
    tls_cert_file: str = ""
    tls_key_file: str = ""
    tls_ca_file: str = ""
    database_url: Secret
    database_worker_url: Secret
    # Migrations only; a running service does without.
    database_owner_url: Secret = Secret("")
    database_pool_size: int = 12
    database_worker_pool_size: int = 4
    # libpq's sslmode for all three roles, e.g. "verify-full"; as the URLs say when empty. The authority of the server's
    # certificate is the file, or the system's authorities without one.
    database_sslmode: str = ""
    database_ca_file: str = ""
    # Transaction-pooling proxies older than PgBouncer 1.21 cannot carry prepared statements.
    database_prepared_statements: bool = True
    nats_url: Url = Url("nats://127.0.0.1:4222")
    nats_user: str = ""
    nats_password: Secret = Secret("")
    # The authority of the server's certificate (tls://…); without it tls_ca_file, without that the system's.
    nats_ca_file: str = ""
    # JetStream copies of each stream that the service makes.
    nats_stream_replicas: int = 1
    # "system" or "simulated"; the latter only together with demo.
    clock: str = "system"
    demo: bool = False
    rpc_threads: int = 8
    worker_threads: int = 3
    # After so long the messages and due items that a process had in hand when it died are done by another (or by itself, once
    # it is back). Longer than a handler may take, else work is begun twice and one of the two is thrown away.
    redelivery_seconds: float = 40.0
    default_deadline_seconds: float = 15.0
    # After SIGTERM the service says that it is not ready, but goes on serving for so long: until everybody has noticed.
    drain_delay_seconds: float = 0.0
    service_client_secret: Secret = Secret("")
    # Encrypts dead letters and other secrets at rest.
    key_encryption_key: Key32 | None = None
    # Where traces, metrics and logs go (OTLP over HTTP); nowhere when empty.
    otlp_endpoint: str = ""
    # Of all traces so many are exported, by trace id: the same ones by every service that has the same ratio.
    trace_sample_ratio: float = 1.0
    # How often metrics are exported.
    otlp_interval_seconds: float = 15.0
    instance: str = ""
    # Addresses of the other services by name, from POLYCLINIC_<SERVICE>_ADDRESS.
    addresses: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        tls = (self.tls_cert_file, self.tls_key_file, self.tls_ca_file)
        if any(tls) and not all(tls):
            raise SettingsError([f"{PREFIX}TLS_CERT_FILE, _KEY_FILE and _CA_FILE belong together: all three or none"])
        if self.database_sslmode not in SSL_MODES:
            raise SettingsError([f"{PREFIX}DATABASE_SSLMODE must be one of {', '.join(filter(None, SSL_MODES))}"])
        if self.clock not in ("system", "simulated"):
            raise SettingsError([f"{PREFIX}CLOCK must be 'system' or 'simulated', not {self.clock!r}"])
        if self.clock == "simulated" and not self.demo:
            raise SettingsError([f"{PREFIX}CLOCK=simulated is refused outside the demo ({PREFIX}DEMO=1)"])

        if not 0 <= self.trace_sample_ratio <= 1:
            raise SettingsError([f"{PREFIX}TRACE_SAMPLE_RATIO must be from 0 to 1, not {self.trace_sample_ratio}"])

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> typing.Self:
        """Reads and checks every field. Raises SettingsError naming all that is wrong at once."""
        source = os.environ if environ is None else environ
        hints = typing.get_type_hints(cls)
        values: dict[str, object] = {}
        problems: list[str] = []
        for field in dataclasses.fields(cls):
            if field.name == "addresses":
                values["addresses"] = _addresses(source)
                continue
            variable = PREFIX + field.name.upper()
            text = source.get(variable)
            if text is None:
                if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                    problems.append(f"{variable} is required")
                continue
            try:
                values[field.name] = _parse(hints[field.name], text)
            except ValueError as error:
                problems.append(f"{variable}: {error}")
        if problems:
            raise SettingsError(problems)
        return cls(**values)  # type: ignore[arg-type]


def _addresses(source: Mapping[str, str]) -> dict[str, str]:
    return {found[1].lower(): value for name, value in source.items() if (found := _ADDRESS.match(name))}


def _parse(kind: object, text: str) -> object:
    if isinstance(kind, types.UnionType):
        if not text:
            return None
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
    if kind is bool:
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "no", "off", ""):
            return False
        raise ValueError("must be 1 or 0")
    if kind is Url:
        parts = urlsplit(text)
        if not parts.scheme or not parts.netloc:
            raise ValueError("must be a URL with scheme and host")
        return Url(text.rstrip("/"))
    if kind is Key32:
        raw = base64.b64decode(text, validate=True)
        if len(raw) != 32:
            raise ValueError("must be the base64 of 32 bytes")
        return Key32(raw)
    if kind in (str, int, float, Secret):
        return kind(text)
    raise ValueError(f"cannot read a {kind}")
