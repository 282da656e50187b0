"""Mutual TLS between services: one certificate for both directions, read again when its files change.

cert-manager renews a certificate by replacing the files of a mounted Secret. A server shows the new one from the next
connection on; a client opens a new channel with it and lets the old one end what is under way.
"""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from chassis import telemetry
from chassis.clock import monotonic
from chassis.settings import ServiceSettings, SettingsError

log = telemetry.logger(__name__)
# How often the files are looked at.
LOOK_SECONDS = 30.0
# How long a replaced channel stays open: longer than any call.
RETIRED_SECONDS = 60.0


@dataclass(frozen=True)
class Material:
    """A certificate with its key, and the authority that the other side's must come from (all PEM)."""

    certificate: bytes
    key: bytes
    authority: bytes


class Certificates:
    """The process's certificate, as its files have it now."""

    def __init__(self, certificate: Path, key: Path, authority: Path, look_seconds: float = LOOK_SECONDS) -> None:
        self._files = (certificate, key, authority)
        self._look_seconds = look_seconds
        self._lock = threading.Lock()
        self._looked_at = monotonic()
        self._stamps = self._stamp()
        self._material = self._read()

    @classmethod
    def of(cls, settings: ServiceSettings) -> Certificates | None:
        """The certificate that the settings name, or None without TLS. Raises SettingsError when it cannot be read."""
        if not settings.tls_cert_file:
            return None
        try:
            return cls(Path(settings.tls_cert_file), Path(settings.tls_key_file), Path(settings.tls_ca_file))
        except OSError as error:
            raise SettingsError([f"the certificate cannot be read: {error}"]) from error

    def current(self) -> Material:
        """The newest material; the files are looked at every `look_seconds` of real time."""
        with self._lock:
            if monotonic() - self._looked_at >= self._look_seconds:
                self._looked_at = monotonic()
                self._refresh()
            return self._material

    def server_credentials(self) -> Any:
        """Credentials of a gRPC server that asks every caller for a certificate of our authority."""
        shown = self.current()

        def configuration(material: Material) -> Any:
            return grpc.ssl_server_certificate_configuration(
                [(material.key, material.certificate)], root_certificates=material.authority
            )

        def newer() -> Any:
            nonlocal shown
            now = self.current()
            if now == shown:
                return None
            shown = now
            return configuration(now)

        return grpc.dynamic_ssl_server_credentials(configuration(shown), newer, require_client_authentication=True)

    def client_context(self, authority: Path | None = None) -> ssl.SSLContext:
        """A context for other TLS connections (NATS), with our certificate; `authority` in place of our own."""
        certificate, key, ours = self._files
        context = ssl.create_default_context(cafile=str(authority or ours))
        context.load_cert_chain(certificate, key)
        return context

    def _refresh(self) -> None:
        try:
            stamps = self._stamp()
            if stamps != self._stamps:
                self._material = self._read()
                self._stamps = stamps
                log.info("certificate renewed")
        except OSError as error:  # in the middle of being replaced: looked at again soon
            log.warning("certificate not read", error=error)

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        return tuple((found.st_mtime_ns, found.st_ino) for found in (path.stat() for path in self._files))

    def _read(self) -> Material:
        certificate, key, authority = (path.read_bytes() for path in self._files)
        return Material(certificate, key, authority)


class Line:
    """The channel to one service, opened at the first call (never before a fork), and anew with a renewed certificate."""

    def __init__(self, address: str, options: list[tuple[str, Any]], certificates: Certificates | None) -> None:
        self._address = address
        self._options = options
        self._certificates = certificates
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._material: Material | None = None
        self._retired: list[tuple[float, grpc.Channel]] = []

    def channel(self) -> grpc.Channel:
        """The channel to use now."""
        material = self._certificates.current() if self._certificates is not None else None
        with self._lock:
            if self._channel is None or material != self._material:
                if self._channel is not None:
                    self._retired.append((monotonic() + RETIRED_SECONDS, self._channel))
                self._channel, self._material = self._open(material), material
            self._close_retired(monotonic())
            return self._channel

    def close(self) -> None:
        """Ends the channel; calls under way are cancelled."""
        with self._lock:
            if self._channel is not None:
                self._channel.close()
                self._channel = None
            self._close_retired(float("inf"))

    def _close_retired(self, now: float) -> None:
        for until, channel in self._retired:
            if until <= now:
                channel.close()
        self._retired = [each for each in self._retired if each[0] > now]

    def _open(self, material: Material | None) -> grpc.Channel:
        if material is None:
            return grpc.insecure_channel(self._address, options=self._options)
        credentials = grpc.ssl_channel_credentials(material.authority, material.key, material.certificate)
        return grpc.secure_channel(self._address, credentials, options=self._options)
