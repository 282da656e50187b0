"""The gateway in this process, in front of a real gRPC server."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from jwt.algorithms import OKPAlgorithm

from chassis import tokens
from chassis.ids import uuid7
from chassis.settings import Key32
from gateway.app import create_app
from gateway.settings import Settings
from gateway.transcoding.contracts import find_services, service_key
from infra import protos
from tests.gateway.backend import Backend

# Foreign files are looked at where there are some; without them there is nothing to collect.
collect_ignore = [] if os.environ.get("POLYCLINIC_SAMPLE_DATA") else ["test_fhir_samples.py"]

HERE = Path(__file__).parent
GALLERY = "polyclinic/gallery/v1/gallery.proto"


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> ServiceDescriptor:
    """The gallery service: every kind of field and binding that a contract may use."""
    import grpc_tools
    from google.protobuf import struct_pb2, wrappers_pb2  # noqa: F401  (their files must be in the pool)
    from grpc_tools import protoc

    target = tmp_path_factory.mktemp("gallery") / "gallery.binpb"
    image = protos.OUTPUT / "image.binpb"
    bundled = Path(grpc_tools.__file__).parent / "_proto"
    arguments = [
        f"--descriptor_set_in={image}",
        f"-I{HERE / 'protos'}",
        f"-I{bundled}",
        f"--descriptor_set_out={target}",
    ]
    assert protoc.main(["protoc", *arguments, GALLERY]) == 0
    pool = descriptor_pool.Default()
    find_services()
    for file in descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName("polyclinic.gallery.v1.Gallery")


@pytest.fixture(scope="session")
def services(gallery: ServiceDescriptor) -> list[ServiceDescriptor]:
    """All real services and the gallery."""
    return [*find_services(), gallery]


@pytest.fixture(scope="session")
def running(services: list[ServiceDescriptor]) -> Iterator[Backend]:
    backend = Backend(services)
    backend.start()
    yield backend
    backend.stop()


@pytest.fixture
def backend(running: Backend, keys: Keys) -> Backend:
    """The server behind the gateway, with nothing said yet but identity's key set."""
    running.answers.clear()
    running.calls.clear()
    running.answers["GetKeySet"] = keys.key_set
    return running


class Keys:
    """Signs tokens as identity does."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()

    def key_set(self, _request: Any) -> Any:
        from polyclinic.identity.v1 import identity_pb2

        public = json.loads(OKPAlgorithm.to_jwk(self._private.public_key()))
        return identity_pb2.KeySet(jwks_json=json.dumps({"keys": [public | {"kid": "k1"}]}))

    def token(self, seconds: int = 300, **claims: Any) -> str:
        """A token of a user who may do everything, unless the claims say otherwise."""
        body = {"sub": str(uuid7()), "knd": "user", "nam": "Ada", "prm": ["*"], "tid": str(uuid7())} | claims
        return tokens.sign(body, self._private, "k1", seconds)


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="session")
def settings(running: Backend, services: list[ServiceDescriptor]) -> Settings:
    """Every service is at the test server."""
    addresses = {service_key(service): running.address for service in services}
    return Settings(session_key=Key32(b"k" * 32), addresses=addresses)


@pytest.fixture(scope="session")
def plain(settings: Settings, services: list[ServiceDescriptor]) -> Iterator[Flask]:
    """The gateway with these settings, shared by all tests that change none."""
    app = create_app(dataclasses.replace(settings, limit_address_per_second=0.0), services)
    yield app
    close(app)


@pytest.fixture(scope="session")
def in_front_of(
    settings: Settings, services: list[ServiceDescriptor]
) -> Iterator[Callable[[dict[str, str]], FlaskClient]]:
    """Makes a client of a gateway in front of services at these addresses, unlimited; one gateway for all who ask for the same."""
    made: dict[tuple[tuple[str, str], ...], Flask] = {}

    def client(addresses: dict[str, str]) -> FlaskClient:
        key = tuple(sorted(addresses.items()))
        if key not in made:
            given = dataclasses.replace(settings, addresses=addresses, limit_address_per_second=0.0)
            made[key] = create_app(given, services)
        return made[key].test_client()

    yield client
    for app in made.values():
        close(app)


@pytest.fixture
def gateway(
    settings: Settings, services: list[ServiceDescriptor], backend: Backend, plain: Flask
) -> Iterator[Callable[..., FlaskClient]]:
    """Makes a client of a gateway; keyword arguments change settings."""
    opened = []

    def make(**changes: Any) -> FlaskClient:
        if not changes:
            return plain.test_client()
        app = create_app(dataclasses.replace(settings, **changes), services)
        opened.append(app)
        return app.test_client()

    yield make
    for app in opened:
        close(app)


def close(app: Flask) -> None:
    """Gives back what an application holds open."""
    app.extensions["polyclinic.backends"].close()
    if "polyclinic.streams" in app.extensions:
        app.extensions["polyclinic.streams"].close()


@pytest.fixture
def client(gateway: Callable[..., FlaskClient], keys: Keys) -> FlaskClient:
    """A client whose requests carry a valid token."""
    made = gateway()
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {keys.token()}"
    return made
