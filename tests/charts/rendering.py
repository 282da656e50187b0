"""Renders the umbrella chart with Helm's engine and gives the tests its objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import helm_python as helm
import yaml
from infra.cluster import charts

RELEASE = "polyclinic"
NAMESPACE = "clinic"
# Deterministic passwords: a chart that is rendered without a cluster cannot look the remembered seed up.
SEED = "tests"
VALUES_FILES = {path.stem: path for path in charts.values_files()}
# What runs containers, and where its pod lies.
WORKLOADS = ("Deployment", "StatefulSet", "Job")

Object = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """All objects of one installation."""

    values: dict[str, Any]
    manifests: dict[str, str]

    @cached_property
    def objects(self) -> list[Object]:
        texts = [text for path, text in self.manifests.items() if not path.endswith("NOTES.txt")]
        return [each for text in texts for each in yaml.safe_load_all(text) if each is not None]

    def of(self, *kinds: str) -> list[Object]:
        """Objects of these kinds."""
        return [each for each in self.objects if each["kind"] in kinds]

    def one(self, kind: str, name: str) -> Object:
        """The object of a kind and a name (without the release's). Raises ValueError unless there is exactly one."""
        (found,) = [each for each in self.of(kind) if each["metadata"]["name"] == f"{RELEASE}-{name}"]
        return found

    def names(self, *kinds: str) -> set[str]:
        return {each["metadata"]["name"] for each in self.of(*kinds)}

    @cached_property
    def workloads(self) -> list[Object]:
        return self.of(*WORKLOADS)

    @property
    def services(self) -> list[str]:
        """The components that are services, under their names in values."""
        return sorted(self.values["global"]["arrows"])

    def deployment(self, component: str) -> Object:
        return self.one("Deployment", kebab(component))

    @cached_property
    def secrets(self) -> dict[str, dict[str, str]]:
        """The data of every Secret that the chart makes (a trial's)."""
        return {each["metadata"]["name"]: each["stringData"] for each in self.of("Secret")}

    def resolved(self, container: Object) -> dict[str, str]:
        """A container's whole environment as the kubelet would make it; what comes from the pod itself is left out."""
        environment: dict[str, str] = {}
        for source in container.get("envFrom", []):
            name = source["configMapRef"]["name"].removeprefix(f"{RELEASE}-")
            environment |= self.one("ConfigMap", name)["data"]
        for variable in container.get("env", []):
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                environment[variable["name"]] = self.secrets[reference["name"]][reference["key"]]
            elif "value" in variable:
                environment[variable["name"]] = variable["value"]
        return environment

    def environment(self, component: str) -> dict[str, str]:
        """The variables of a service's process: of its ConfigMap, and those whose value is a literal."""
        (container,) = self.deployment(component)["spec"]["template"]["spec"]["containers"]
        config = self.one("ConfigMap", f"{kebab(component)}-config")["data"]
        assert container["envFrom"] == [{"configMapRef": {"name": f"{RELEASE}-{kebab(component)}-config"}}]
        return {**config, **{one["name"]: one.get("value", "") for one in container["env"]}}


def pod_of(workload: Object) -> Object:
    """A workload's pod template."""
    template: Object = workload["spec"]["template"]
    return template


def containers(workload: Object) -> list[Object]:
    """All containers of a workload, init containers included."""
    pod = pod_of(workload)["spec"]
    return [*pod.get("initContainers", []), *pod["containers"]]


def kebab(name: str) -> str:
    return name.replace("_", "-")


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a document with its path; empty maps and lists are leaves too."""
    children: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, dict):
        children = node.items()
    elif isinstance(node, list):
        children = enumerate(node)
    if not node and not isinstance(node, (int, float, bool)):
        yield path, node
        return
    if not isinstance(node, (dict, list)):
        yield path, node
        return
    for key, value in children:
        yield from leaves(value, f"{path}.{key}")


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Helm's own merging of two values files: maps deeply, everything else replaced."""
    result = dict(base)
    for key, value in over.items():
        result[key] = (
            merged(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else value
        )
    return result


class Installer:
    """Renders the assembled umbrella with any values, each combination once."""

    def __init__(self, umbrella: Path) -> None:
        self.umbrella = umbrella
        self._chart = helm.Chart.load(umbrella)
        self._known: dict[str, Rendered] = {}

    def file(self, name: str) -> Rendered:
        """The installation of a values file, by the file's stem."""
        if name not in self._known:
            self._known[name] = self.render(yaml.safe_load(VALUES_FILES[name].read_text()))
        return self._known[name]

    def render(self, values: dict[str, Any], *, revision: int = 1) -> Rendered:
        """The installation of these values over the chart's own. Raises HelmError when chart or schema refuse them."""
        given = merged(values, {"trial": {"seed": values.get("trial", {}).get("seed") or SEED}})
        manifests = self._chart.render(given, name=RELEASE, namespace=NAMESPACE, revision=revision)
        return Rendered(self._chart.merge_values(given), manifests)

    def close(self) -> None:
        self._chart.close()
