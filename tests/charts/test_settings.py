"""The chart and the code agree: every variable is a setting, every needed setting is given, ports and times fit."""

from __future__ import annotations

import base64
import dataclasses
import importlib
from typing import Any

import pytest

from chassis import migrating
from chassis.cli import COMMANDS
from chassis.consumers import ACK_WAIT_SECONDS
from chassis.peers import LONGEST_SECONDS
from chassis.service import DRAIN_SECONDS, LIVENESS
from chassis.settings import ServiceSettings
from chassis.units import HANDLER_SECONDS
from tests.charts.rendering import Installer, Rendered, containers, kebab, pod_of

# A setting by this name is the pod's own, or comes from the table of arrows.
OF_THE_POD = {"POLYCLINIC_INSTANCE"}
TRIAL = "values"


def settings_of(package: str) -> type[ServiceSettings]:
    found: type[ServiceSettings] = importlib.import_module(f"{package}.settings").Settings
    return found


def test_every_variable_is_a_setting(installed: Rendered) -> None:
    """A variable that the service does not read is a mistake in the chart."""
    for component in installed.services:
        fields = {
            f"POLYCLINIC_{field.name.upper()}"
            for field in dataclasses.fields(settings_of(installed.values[component]["package"]))
        }
        given = set(installed.environment(component))
        unknown = {name for name in given - fields if not name.endswith("_ADDRESS")} - OF_THE_POD
        assert unknown == set(), component


def test_every_setting_without_default_is_given(installed: Rendered) -> None:
    """What a service cannot start without, the chart sets, in every values file."""
    for component in installed.services:
        needed = {
            f"POLYCLINIC_{field.name.upper()}"
            for field in dataclasses.fields(settings_of(installed.values[component]["package"]))
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        }
        assert needed <= set(installed.environment(component)), component


def test_a_trials_environment_is_one_that_services_start_with(installer: Installer) -> None:
    """The services' own readers take the environment of a trial, secrets and all."""
    installed = installer.file(TRIAL)
    for component in installed.services:
        package = installed.values[component]["package"]
        environment = installed.resolved(containers(installed.deployment(component))[-1])
        read = settings_of(package).from_environment(environment)
        assert read.addresses.keys() == set(installed.values["global"]["arrows"][component])
        assert read.nats_password
        assert read.listen.endswith(":8080" if package == "gateway" else ":50051")
        if package != "gateway":
            assert migrating.role_of(read.database_url) == f"{package}_app"
            assert migrating.role_of(read.database_worker_url) == f"{package}_worker"
            assert read.service_client_secret
            # Wiring needs it: identity seals its signing keys, telehealth derives its tokens' key.
            assert read.key_encryption_key is not None


def test_both_ends_of_a_secret_agree(installer: Installer) -> None:
    """Identity knows every service's client secret; NATS, database and simulators the passwords they will be shown."""
    installed = installer.file(TRIAL)
    identity = settings_of("identity").from_environment(
        installed.resolved(containers(installed.deployment("identity"))[-1])
    )
    clients: dict[str, str] = identity.service_secrets()  # type: ignore[attr-defined]
    nats = installed.secrets["polyclinic-nats-credentials"]
    postgresql = installed.secrets["polyclinic-postgresql-credentials"]
    for component in installed.services:
        package = installed.values[component]["package"]
        environment = installed.resolved(containers(installed.deployment(component))[-1])
        assert nats[f"nats-password-{kebab(package)}"] == environment["POLYCLINIC_NATS_PASSWORD"]
        if package == "gateway":
            continue
        assert clients[package] == environment["POLYCLINIC_SERVICE_CLIENT_SECRET"]
        for role, variable in (("app", "DATABASE_URL"), ("worker", "DATABASE_WORKER_URL")):
            assert f":{postgresql[f'{package}_{role}']}@" in environment[f"POLYCLINIC_{variable}"]
    gateways = [containers(installed.deployment(each))[-1] for each in ("gateway", "gateway_streams")]
    sessions = {installed.resolved(each)["POLYCLINIC_SESSION_KEY"] for each in gateways}
    assert [len(base64.b64decode(key)) for key in sessions] == [32]


def test_a_trials_passwords_outlive_an_upgrade(installer: Installer) -> None:
    """Everything follows from the seed: the same one gives the same Secrets, another one others."""
    first, again = installer.render({}, revision=1), installer.render({}, revision=2)
    assert first.secrets == again.secrets
    other = installer.render({"trial": {"seed": "another"}}).secrets
    assert not [name for name, data in first.secrets.items() if data == other[name]]


def test_ports_agree(installed: Rendered) -> None:
    """A container's ports, its probes, its Service and its settings name the same numbers."""
    for component in installed.services:
        (container,) = pod_of(installed.deployment(component))["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        environment = installed.environment(component)
        (service,) = installed.one("Service", kebab(component))["spec"]["ports"]
        listening = int(environment["POLYCLINIC_LISTEN"].rsplit(":", 1)[1])
        assert ports[service["targetPort"]] == listening
        if installed.values[component]["protocol"] == "http":
            assert {container[probe]["httpGet"]["port"] for probe in ("readinessProbe", "livenessProbe")} == {"http"}
            continue
        health = int(environment["POLYCLINIC_HEALTH_LISTEN"].rsplit(":", 1)[1])
        assert ports["health"] == health != listening
        assert container["readinessProbe"]["grpc"] == {"port": health, "service": ""}
        assert container["livenessProbe"]["grpc"] == {"port": health, "service": LIVENESS}


def test_pods_are_given_the_time_to_leave(installed: Rendered) -> None:
    """The grace period is longer than pause, drain, longest call and the time a message may be held."""
    timing = installed.values["global"]["timing"]
    for component in installed.services:
        grace = pod_of(installed.deployment(component))["spec"]["terminationGracePeriodSeconds"]
        environment = installed.environment(component)
        deadline = float(environment.get("POLYCLINIC_DEFAULT_DEADLINE_SECONDS", LONGEST_SECONDS))
        held = float(environment.get("POLYCLINIC_REDELIVERY_SECONDS", ACK_WAIT_SECONDS))
        assert grace > deadline + held
        assert grace > timing["drainDelaySeconds"] + DRAIN_SECONDS + HANDLER_SECONDS
        assert deadline >= LONGEST_SECONDS
        if installed.values[component]["protocol"] == "http":
            (container,) = pod_of(installed.deployment(component))["spec"]["containers"]
            assert container["lifecycle"]["preStop"]["sleep"]["seconds"] == timing["drainDelaySeconds"]
        else:
            assert float(environment["POLYCLINIC_DRAIN_DELAY_SECONDS"]) == timing["drainDelaySeconds"] >= 5


def test_pods_wait_for_a_schema_that_a_job_makes(installed: Rendered) -> None:
    """Each service with a database has one migration Job and an init container that waits for its work."""
    jobs = {
        tuple(containers(job)[0]["command"][:3]): containers(job)[0]
        for job in installed.of("Job")
        if "-migrate-" in job["metadata"]["name"]
    }
    for component in installed.services:
        package = installed.values[component]["package"]
        pod = pod_of(installed.deployment(component))["spec"]
        if not installed.values[component]["database"]["enabled"]:
            assert "initContainers" not in pod
            continue
        (waiting,) = pod["initContainers"]
        assert waiting["command"][:3] == ["polyclinic", "wait-for-schema", package]
        assert waiting["command"][1] in COMMANDS
        migration = jobs.pop(("polyclinic", "migrate", package))
        assert migration["image"] == waiting["image"] == pod["containers"][0]["image"]
    assert jobs == {}


def test_each_revision_has_a_migration_of_its_own(installer: Installer) -> None:
    """A Job cannot be changed: its name changes with the revision, and with the image where revisions are not counted."""

    def names(installed: Rendered) -> set[str]:
        return {name for name in installed.names("Job") if "-migrate-" in name}

    first = names(installer.render({}, revision=1))
    assert not first & names(installer.render({}, revision=2))
    assert not first & names(installer.render({"global": {"image": {"tag": "0.2.0"}}}, revision=1))
    assert first == names(installer.render({}, revision=1))


@pytest.mark.parametrize("component", ["identity", "billing"])
def test_a_changed_setting_makes_new_pods(installer: Installer, component: str) -> None:
    """The pods' annotation is the digest of their configuration; a changed Secret is announced by its revision."""

    def annotations(values: dict[str, Any], of: str) -> dict[str, str]:
        found: dict[str, str] = pod_of(installer.render(values).deployment(of))["metadata"]["annotations"]
        return found

    before = annotations({}, component)
    changed = {component: {"config": {"TRACE_SAMPLE_RATIO": "0.5"}}}
    assert annotations(changed, component) != before
    assert annotations(changed, "scheduling") == annotations({}, "scheduling")
    assert annotations({"global": {"secretsRevision": "2"}}, component) != before


def test_connections_fit_into_every_database(installed: Rendered) -> None:
    """All pods there can be, a rolling update's extra one, its init container and the migration: at most 80 %."""
    for component in installed.services:
        values = installed.values[component]
        if not values["database"]["enabled"]:
            continue
        scalers = [
            each
            for each in installed.of("HorizontalPodAutoscaler")
            if each["metadata"]["name"].endswith(kebab(component))
        ]
        deployment = installed.deployment(component)
        pods = scalers[0]["spec"]["maxReplicas"] if scalers else deployment["spec"]["replicas"]
        pods += deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        environment = installed.environment(component)
        pools = int(environment["POLYCLINIC_DATABASE_POOL_SIZE"]) + int(
            environment["POLYCLINIC_DATABASE_WORKER_POOL_SIZE"]
        )
        most = pods * (pools + 1) + 1
        assert most <= 0.8 * values["database"]["connectionLimit"], (component, most)
        # Each RPC thread and each worker thread may hold one connection.
        fields = {field.name: field.default for field in dataclasses.fields(ServiceSettings)}
        assert int(environment["POLYCLINIC_DATABASE_POOL_SIZE"]) >= int(str(fields["rpc_threads"])) + int(
            str(fields["worker_threads"])
        )


def test_staging_and_large_speak_tls_everywhere(installer: Installer) -> None:
    """mTLS between services and verify-full to PostgreSQL are on where patients' data are."""
    for name in ("values-staging", "values-large"):
        installed = installer.file(name)
        for component in installed.services:
            environment = installed.environment(component)
            mounts = {each["mountPath"] for each in containers(installed.deployment(component))[-1]["volumeMounts"]}
            for file in ("CERT", "KEY", "CA"):
                assert environment[f"POLYCLINIC_TLS_{file}_FILE"].startswith("/etc/polyclinic/tls/")
            assert "/etc/polyclinic/tls" in mounts
            assert environment["POLYCLINIC_NATS_URL"].startswith("tls://")
            if installed.values[component]["database"]["enabled"]:
                assert environment["POLYCLINIC_DATABASE_SSLMODE"] == "verify-full"
                assert environment["POLYCLINIC_DATABASE_CA_FILE"] == "/etc/polyclinic/database/ca.crt"
                assert "/etc/polyclinic/database" in mounts
                assert environment["POLYCLINIC_NATS_STREAM_REPLICAS"] == "3"
        assert all(
            "POLYCLINIC_DEMO" not in env or env["POLYCLINIC_DEMO"] == "0"
            for env in map(installed.environment, installed.services)
        )
