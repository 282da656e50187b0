"""Rules that every rendered object keeps, whichever values file it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.charts.rendering import RELEASE, Object, Rendered, containers, kebab, leaves, pod_of

LOWEST, HIGHEST = "1.33", "1.37"
# Kinds of other people's operators: their schemas are not Kubernetes' own.
FOREIGN = {"cert-manager.io/v1", "monitoring.coreos.com/v1"}
# Empty on purpose: no rule at all, nothing but the name.
MAY_BE_EMPTY = re.compile(
    r"\.(selfSigned|podSelector|emptyDir|service|POLYCLINIC_OTLP_ENDPOINT|POLYCLINIC_STUN_URLS|POLYCLINIC_TURN_URLS)$"
)
QUANTITY = {"m": 0.001, "": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


@pytest.fixture(autouse=True, scope="module")
def schemas_are_read_once() -> Iterator[None]:
    """The validator reads megabytes of schemas for every object; here once for each kind."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kubernetes_validate.utils, "schema_contents", cache(kubernetes_validate.utils.schema_contents))
        yield


def amount(quantity: str) -> float:
    """A Kubernetes quantity as a number."""
    number, unit = re.fullmatch(r"([0-9.]+)(\w*)", str(quantity)).groups()  # type: ignore[union-attr]
    return float(number) * QUANTITY[unit]


@pytest.mark.parametrize("version", [LOWEST, HIGHEST])
def test_kubernetes_accepts_every_object(installed: Rendered, version: str) -> None:
    """Every object passes Kubernetes' own schema, strictly, for the lowest and the highest minor that is supported."""
    ours = [each for each in installed.objects if each["apiVersion"] not in FOREIGN]
    assert len(ours) > 60
    wrong = []
    for each in ours:
        try:
            kubernetes_validate.validate(each, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            wrong.append(f"{each['kind']} {each['metadata']['name']}: {error}")
    assert wrong == []


def test_no_name_is_given_twice(installed: Rendered) -> None:
    """Two objects of one kind never share a name, and every name fits into a label."""
    names = [(each["kind"], each["metadata"]["name"]) for each in installed.objects]
    assert len(names) == len(set(names))
    assert [name for _, name in names if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name)] == []


def test_nothing_renders_empty(installed: Rendered) -> None:
    """No template renders an empty document, and no value in any object is empty by mistake."""
    for path, text in installed.manifests.items():
        assert "<no value>" not in text, path
        documents = list(yaml.safe_load_all(text)) if text.strip() and not path.endswith("NOTES.txt") else []
        # A template that has nothing to say says nothing; one that does leaves no empty document behind.
        assert len([each for each in documents if each is None]) <= (documents[:1] == [None]), path
    empty = [
        f"{each['kind']} {each['metadata']['name']}{path}"
        for each in installed.objects
        for path, value in leaves(each)
        if value in (None, "", {}, []) and not MAY_BE_EMPTY.search(path)
    ]
    assert empty == []


def test_every_workload_selects_its_own_pods(installed: Rendered) -> None:
    """A Deployment's selector matches its template, and no two workloads' pods are taken for each other."""
    selected: list[dict[str, str]] = []
    for workload in installed.of("Deployment", "StatefulSet"):
        selector = workload["spec"]["selector"]["matchLabels"]
        labels = pod_of(workload)["metadata"]["labels"]
        assert selector.items() <= labels.items()
        selected.append(selector)
    pods = [pod_of(workload)["metadata"]["labels"] for workload in installed.workloads]
    for selector in selected:
        assert len([labels for labels in pods if selector.items() <= labels.items()]) == 1, selector


def test_services_reach_pods_on_ports_they_have(installed: Rendered) -> None:
    """Every Service selects exactly one workload, which listens on each port the Service sends to."""
    for service in installed.of("Service"):
        selector = service["spec"]["selector"]
        (workload,) = [
            each for each in installed.workloads if selector.items() <= pod_of(each)["metadata"]["labels"].items()
        ]
        ports = [port for container in containers(workload) for port in container.get("ports", [])]
        known = {(port["name"], port["protocol"]) for port in ports}
        for port in service["spec"]["ports"]:
            if port["name"].startswith("relay-"):
                continue  # coturn opens these itself, when a call needs them
            assert (port["targetPort"], port["protocol"]) in known, service["metadata"]["name"]


def test_budgets_and_scalers_point_at_workloads(installed: Rendered) -> None:
    """Every disruption budget covers one workload, every scaled Deployment leaves its count to the scaler."""
    for budget in installed.of("PodDisruptionBudget"):
        selector = budget["spec"]["selector"]["matchLabels"].items()
        assert len([w for w in installed.workloads if selector <= pod_of(w)["metadata"]["labels"].items()]) == 1
    covered = installed.names("PodDisruptionBudget")
    assert {each["metadata"]["name"] for each in installed.of("Deployment", "StatefulSet")} == covered
    scaled = {each["spec"]["scaleTargetRef"]["name"]: each for each in installed.of("HorizontalPodAutoscaler")}
    for deployment in installed.of("Deployment"):
        name = deployment["metadata"]["name"]
        assert ("replicas" in deployment["spec"]) == (name not in scaled), name
        if name in scaled:
            spec = scaled[name]["spec"]
            assert spec["minReplicas"] < spec["maxReplicas"]
            assert [m["containerResource"]["container"] for m in spec["metrics"]] == [
                containers(deployment)[-1]["name"]
            ]


def test_containers_may_do_nothing_they_need_not(installed: Rendered) -> None:
    """Every pod is restricted: no root, no privilege, no writable root, no token of the cluster."""
    for workload in installed.workloads:
        pod = pod_of(workload)["spec"]
        name = workload["metadata"]["name"]
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert pod["serviceAccountName"] in installed.names("ServiceAccount"), name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 1000, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), name
        assert not [volume for volume in pod["volumes"] if "hostPath" in volume], name
        for container in containers(workload):
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["readOnlyRootFilesystem"] is True, name
            assert security["runAsNonRoot"] is True, name
            added = {"add": ["NET_BIND_SERVICE"]} if container["name"] == "coturn" else {}
            assert security["capabilities"] == {"drop": ["ALL"], **added}, name
            assert "tmp" in {mount["name"] for mount in container["volumeMounts"]}, name
    for account in installed.of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


def test_every_container_has_limits_and_every_server_probes(installed: Rendered) -> None:
    """Requests are below limits everywhere; whatever serves has a startup, a readiness and a liveness probe."""
    for workload in installed.workloads:
        for container in containers(workload):
            for resource in ("cpu", "memory"):
                asked, most = (amount(container["resources"][kind][resource]) for kind in ("requests", "limits"))
                assert 0 < asked <= most, (workload["metadata"]["name"], container["name"], resource)
        if workload["kind"] == "Job":
            continue
        for container in pod_of(workload)["spec"]["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert container[probe], (workload["metadata"]["name"], probe)


def test_volumes_are_mounted_and_mounts_have_volumes(installed: Rendered) -> None:
    """Nothing is mounted that the pod does not have, and no volume is there for nobody."""
    for workload in installed.workloads:
        pod = pod_of(workload)["spec"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
        mounted = {mount["name"] for container in containers(workload) for mount in container["volumeMounts"]}
        assert mounted == volumes, workload["metadata"]["name"]


def referenced_secrets(installed: Rendered) -> dict[str, set[str]]:
    """Secret → keys that containers, volumes and the Ingress ask for."""
    found: dict[str, set[str]] = {}
    for workload in installed.workloads:
        for container in containers(workload):
            for variable in container.get("env", []):
                if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                    found.setdefault(reference["name"], set()).add(reference["key"])
        for volume in pod_of(workload)["spec"]["volumes"]:
            if secret := volume.get("secret"):
                found.setdefault(secret["secretName"], set()).update(item["key"] for item in secret.get("items", []))
    return found


def test_every_secret_is_made_or_named_for_the_operator(installed: Rendered) -> None:
    """A referenced Secret is rendered with all the keys asked for, comes from a Certificate, or is the operator's."""
    made = {each["metadata"]["name"]: set(each["stringData"]) for each in installed.of("Secret")}
    certified = {each["spec"]["secretName"] for each in installed.of("Certificate")}
    for name, keys in referenced_secrets(installed).items():
        if installed.values["trial"]["secrets"]:
            assert keys <= made.get(name, set()) or name in certified, name
        else:
            assert name not in made
            assert name in certified or name in operator_secrets(installed), name


def operator_secrets(installed: Rendered) -> set[str]:
    """The Secrets that the runbook tells an operator to make."""
    packages = {installed.values[each]["package"] for each in installed.services}
    databases = [each for each in installed.services if installed.values[each]["database"]["enabled"]]
    names = {f"{RELEASE}-{kebab(package)}-credentials" for package in packages}
    names |= {f"{RELEASE}-{kebab(each)}-database" for each in databases}
    names |= {f"{RELEASE}-{kebab(each)}-database-owner" for each in databases}
    settings: dict[str, Any] = installed.values["global"]
    return names | {
        settings["postgresql"]["caSecret"],
        settings["nats"]["caSecret"],
        installed.values["nats"]["secretName"],
    }


def test_the_owner_role_is_the_migrations_alone(installed: Rendered) -> None:
    """No pod that serves can read the Secret of the role that owns the tables."""
    for workload in installed.workloads:
        owners = [
            variable["name"]
            for container in containers(workload)
            for variable in container.get("env", [])
            if variable.get("valueFrom", {}).get("secretKeyRef", {}).get("key") == "owner-url"
        ]
        is_migration = "-migrate-" in workload["metadata"]["name"]
        assert bool(owners) == is_migration, workload["metadata"]["name"]


def test_config_references_exist(installed: Rendered) -> None:
    """Every ConfigMap that a pod reads is rendered."""
    known = installed.names("ConfigMap")
    for workload in installed.workloads:
        for volume in pod_of(workload)["spec"]["volumes"]:
            if "configMap" in volume:
                assert volume["configMap"]["name"] in known
        for container in containers(workload):
            for source in container.get("envFrom", []):
                assert source["configMapRef"]["name"] in known


def test_images_are_pinned(installed: Rendered) -> None:
    """Every image names a tag, and none is `latest`."""
    images = {container["image"] for workload in installed.workloads for container in containers(workload)}
    assert all(re.search(r":[\w][\w.-]*$", image) and not image.endswith(":latest") for image in images), images


def test_foreign_objects_are_complete(installed: Rendered) -> None:
    """Objects of cert-manager and of the Prometheus operator have what those operators insist on."""
    issuers = installed.names("Issuer")
    for certificate in installed.of("Certificate"):
        spec: Object = certificate["spec"]
        assert spec["secretName"]
        assert spec["issuerRef"]["group"] == "cert-manager.io"
        assert spec.get("isCA") or spec["dnsNames"]
        if spec["issuerRef"]["kind"] == "Issuer":
            assert spec["issuerRef"]["name"] in issuers
    services = installed.of("Service")
    for monitor in installed.of("ServiceMonitor"):
        (selector, ports) = (monitor["spec"]["selector"]["matchLabels"], monitor["spec"]["endpoints"])
        (service,) = [each for each in services if selector.items() <= each["metadata"]["labels"].items()]
        assert {port["port"] for port in ports} <= {port["name"] for port in service["spec"]["ports"]}
    for rule in installed.of("PrometheusRule"):
        assert rule["spec"]["groups"]
        assert all(group["name"] and group["rules"] for group in rule["spec"]["groups"])
