"""TLS in all directions: between services, to PostgreSQL, to NATS; and what happens when certificates are renewed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from infra.local.servers import EmbeddedNats
from polyclinic.identity.v1 import identity_pb2
from sqlalchemy import text

from chassis import cli
from chassis.bus import Bus
from chassis.database import Database
from chassis.errors import Unavailable
from chassis.peers import Peer
from chassis.settings import Secret, ServiceSettings, SettingsError, Url
from chassis.testing import Harness
from chassis.tls import Certificates, Line
from tests.chassis.authority import Authority, TlsDoor
from tests.identity.conftest import SECRETS

IDENTITY = identity_pb2.DESCRIPTOR.services_by_name["Identity"]
NO_PROXY = [("grpc.enable_http_proxy", 0), ("grpc.initial_reconnect_backoff_ms", 100)]


def certificates(folder: Path) -> Certificates:
    """The material in a folder, looked at for each use."""
    return Certificates(folder / "tls.crt", folder / "tls.key", folder / "ca.crt", look_seconds=0)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def secured(service_harness: Any, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Harness:
    """Identity with mutual TLS, and health on a port of its own."""
    folder = authority.issue(tmp_path_factory.mktemp("identity"), "localhost", "identity")
    files = {
        f"POLYCLINIC_TLS_{name}_FILE": str(folder / file)
        for name, file in (("CERT", "tls.crt"), ("KEY", "tls.key"), ("CA", "ca.crt"))
    }
    harness: Harness = service_harness("identity", **SECRETS, **files, POLYCLINIC_HEALTH_LISTEN="127.0.0.1:0")
    return harness


def ask_keys(harness: Harness, own: Certificates | None) -> Any:
    """GetKeySet, which anybody may call, with this certificate."""
    peer = Peer("identity", IDENTITY, f"localhost:{harness.service.port}", None, own)
    try:
        return peer.call("GetKeySet", identity_pb2.GetKeySetRequest(), seconds=5)
    finally:
        peer.close()


def test_a_service_with_our_authoritys_certificate_is_answered(
    secured: Harness, authority: Authority, tmp_path: Path
) -> None:
    """Both sides show a certificate of one authority: the call goes through."""
    answer = ask_keys(secured, certificates(authority.issue(tmp_path, "billing")))
    assert json.loads(answer.jwks_json)["keys"]


def test_a_caller_without_a_certificate_is_turned_away(secured: Harness) -> None:
    """Neither plain text nor a stranger's certificate reaches an RPC."""
    with pytest.raises(Unavailable):
        ask_keys(secured, None)


def test_a_strangers_certificate_is_turned_away(secured: Harness, authority: Authority, tmp_path: Path) -> None:
    """A certificate of another authority is refused, although it trusts ours."""
    stranger = Authority("stranger").issue(tmp_path, "billing")
    (stranger / "ca.crt").write_bytes((authority.issue(tmp_path / "ours", "x") / "ca.crt").read_bytes())
    with pytest.raises(Unavailable):
        ask_keys(secured, certificates(stranger))


def test_a_service_under_another_name_is_not_believed(secured: Harness, authority: Authority, tmp_path: Path) -> None:
    """The certificate must be the called service's: 127.0.0.1 is no name that identity's was issued for."""
    own = certificates(authority.issue(tmp_path, "billing"))
    peer = Peer("identity", IDENTITY, f"127.0.0.1:{secured.service.port}", None, own)
    with pytest.raises(Unavailable):
        peer.call("GetKeySet", identity_pb2.GetKeySetRequest(), seconds=2)
    peer.close()


def check(address: str, service: str) -> int:
    with grpc.insecure_channel(address, options=NO_PROXY) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        return int(answer.status)


def test_health_is_answered_without_a_certificate(secured: Harness) -> None:
    """The kubelet's probes speak no TLS: readiness and liveness have a port of their own, and nothing else is there."""
    address = f"127.0.0.1:{secured.service.health_port}"
    assert check(address, "") == health_pb2.HealthCheckResponse.SERVING
    assert check(address, "liveness") == health_pb2.HealthCheckResponse.SERVING
    with grpc.insecure_channel(address, options=NO_PROXY) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/polyclinic.identity.v1.Identity/GetKeySet")(b"", timeout=5)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


@pytest.fixture
def renewable(tmp_path: Path) -> Iterator[tuple[Authority, Path, str]]:
    """A gRPC server whose certificate can be replaced: its authority, its folder, its address."""
    first = Authority()
    folder = first.issue(tmp_path / "server", "localhost")
    server = grpc.server(ThreadPoolExecutor(2))
    servicer = health.HealthServicer()
    servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_secure_port("localhost:0", certificates(folder).server_credentials())
    server.start()
    yield first, folder, f"localhost:{port}"
    server.stop(None).wait()


def serving(line: Line) -> bool:
    stub = health_pb2_grpc.HealthStub(line.channel())
    try:
        return bool(
            stub.Check(health_pb2.HealthCheckRequest(), timeout=3).status == health_pb2.HealthCheckResponse.SERVING
        )
    except grpc.RpcError:
        return False


def test_a_renewed_certificate_is_used_without_a_restart(
    renewable: tuple[Authority, Path, str], tmp_path: Path
) -> None:
    """When cert-manager replaces the files, even by another authority's, both sides go on with the new ones."""
    first, server_folder, address = renewable
    client_folder = first.issue(tmp_path / "client", "billing")
    line = Line(address, NO_PROXY, certificates(client_folder))
    before = line.channel()
    assert serving(line)
    second = Authority("second")
    second.issue(server_folder, "localhost")
    second.issue(client_folder, "billing")
    assert serving(line)
    assert line.channel() is not before
    old = Line(address, NO_PROXY, certificates(first.issue(tmp_path / "old", "billing")))
    assert not serving(old)
    old.close()
    line.close()


def test_half_replaced_files_keep_the_old_certificate(authority: Authority, tmp_path: Path) -> None:
    """A file that is missing for a moment costs nothing; the next look finds the new one."""
    folder = authority.issue(tmp_path, "billing")
    ours = certificates(folder)
    before = ours.current()
    (folder / "tls.key").unlink()
    assert ours.current() == before
    authority.issue(folder, "billing")
    assert ours.current() != before


def test_a_certificate_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    """A wrong path is told at the start, not at the first call; and three files belong together."""
    wanted = settings(tls_cert_file=str(tmp_path / "no.crt"), tls_key_file="no.key", tls_ca_file="no.ca")
    with pytest.raises(SettingsError, match=r"no\.crt"):
        Certificates.of(wanted)
    with pytest.raises(SettingsError, match="all three or none"):
        settings(tls_cert_file="only.crt")


def settings(**changes: Any) -> ServiceSettings:
    return ServiceSettings(database_url=Secret(""), database_worker_url=Secret(""), **changes)


def test_postgresql_is_verified_in_full(
    identity: Harness, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """With verify-full a server is believed only with the right authority and the right name, by engines and steps alike."""
    folder = authority.issue(tmp_path / "server", "localhost")
    port = int(identity.settings.database_url.rsplit(":", 1)[1].split("/")[0])
    door = TlsDoor(folder, port)

    def through(host: str, ca: Path) -> ServiceSettings:
        def moved(url: str) -> Secret:
            return Secret(url.replace(f"127.0.0.1:{port}", f"{host}:{door.port}"))

        ours = identity.settings
        return settings(database_sslmode="verify-full", database_ca_file=str(ca)).__class__(
            database_url=moved(ours.database_url),
            database_worker_url=moved(ours.database_worker_url),
            database_owner_url=moved(ours.database_owner_url),
            database_sslmode="verify-full",
            database_ca_file=str(ca),
        )

    def answers(wanted: ServiceSettings) -> bool:
        database = Database(wanted)
        try:
            with database.engine.connect() as connection:
                return connection.scalar(text("select 1")) == 1
        except Exception:  # noqa: BLE001 - whatever libpq says, it was not believed
            return False
        finally:
            database.dispose()

    right = through("localhost", folder / "ca.crt")
    assert answers(right)
    assert not answers(through("localhost", Authority("stranger").issue(tmp_path / "stranger", "x") / "ca.crt"))
    assert not answers(through("127.0.0.1", folder / "ca.crt"))
    assert door.plain_attempts == 0
    for field in dataclasses.fields(right):
        if field.name.startswith("database_") and isinstance(value := getattr(right, field.name), str):
            monkeypatch.setenv(f"POLYCLINIC_{field.name.upper()}", value)
    assert cli.main(["migrate", "identity", "--wait-seconds", "5"]) == 0
    assert cli.main(["wait-for-schema", "identity", "--seconds", "5"]) == 0
    assert cli.main(["status", "identity"]) in (0, 2)
    assert "the schema is there" in capsys.readouterr().out
    door.close()


class SecuredNats(EmbeddedNats):
    """The laptop's NATS with the TLS of the chart: certificates on both sides."""

    folder: Path

    def _configuration(self) -> str:
        plain = json.loads(super()._configuration())
        tls = {"cert_file": "tls.crt", "key_file": "tls.key", "ca_file": "ca.crt"}
        return json.dumps(
            {**plain, "tls": {name: str(self.folder / file) for name, file in tls.items()} | {"verify": True}}
        )


def test_nats_is_reached_over_mutual_tls(authority: Authority, tmp_path: Path) -> None:
    """A tls:// URL is verified, and our certificate is shown; without one the server says no."""
    server = SecuredNats(tmp_path / "nats")
    server.folder = authority.issue(tmp_path / "server", "localhost")
    server.start()
    own = authority.issue(tmp_path / "client", "billing")
    url = Url(f"tls://localhost:{server.port}")
    user = {"nats_url": url, "nats_user": "billing", "nats_password": Secret(server.password("billing"))}
    named = {
        "tls_cert_file": str(own / "tls.crt"),
        "tls_key_file": str(own / "tls.key"),
        "tls_ca_file": str(own / "ca.crt"),
    }
    with_certificate = Bus("billing", settings(**user, **named))
    without = Bus("billing", settings(**user, nats_ca_file=str(own / "ca.crt")))
    try:
        with_certificate.start()
        without.start()
        assert with_certificate.wait_connected(10)
        with_certificate.publish("polyclinic.billing.v1.t.a.e", b"over TLS")
        assert not without.connected
    finally:
        with_certificate.stop()
        without.stop()
        server.stop()
