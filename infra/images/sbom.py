"""The bill of materials of an image, as CycloneDX 1.6: its Python distributions, and the base's Debian packages."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

_LOCKED = re.compile(r"^([a-z0-9.-]+)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_DPKG = Path("/var/lib/dpkg/status")


def normal(name: str) -> str:
    """A distribution's name as the index writes it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked_hashes(requirements: str) -> dict[str, list[str]]:
    """SHA-256 of every archive that the lock file allows, by distribution."""
    found: dict[str, list[str]] = {}
    current = ""
    for line in requirements.splitlines():
        if match := _LOCKED.match(line):
            current = normal(match[1])
        found.setdefault(current, []).extend(_HASH.findall(line))
    return found


def python_components(hashes: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Every distribution that is installed here."""
    components = []
    for distribution in metadata.distributions():
        name, version = normal(distribution.metadata["Name"]), distribution.version
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
        }
        licence = distribution.metadata.get("License-Expression") or distribution.metadata.get("License") or ""
        if licence and "\n" not in licence and len(licence) < 80:
            component["licenses"] = [{"license": {"name": licence}}]
        if allowed := hashes.get(name):
            # The wheel for this platform is one of these.
            component["properties"] = [{"name": "polyclinic:locked-sha256", "value": each} for each in allowed]
        components.append(component)
    return sorted(components, key=lambda each: str(each["name"]))


def debian_components(status: str) -> list[dict[str, Any]]:
    """Every package of the base image, from dpkg's own list."""
    components = []
    for paragraph in status.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.MULTILINE))
        if not fields.get("Status", "").endswith(" installed"):
            continue
        purl = f"pkg:deb/debian/{fields['Package']}@{fields['Version']}?arch={fields['Architecture']}"
        components.append(
            {"type": "library", "bom-ref": purl, "name": fields["Package"], "version": fields["Version"], "purl": purl}
        )
    return components


def document(name: str, version: str, components: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole bill. It has no date and no random number: the same image has the same bill."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": name, "name": name, "version": version}},
        "components": components,
    }


def write(target: Path, name: str, version: str, requirements: Path) -> None:
    """Writes the bill of the environment it runs in."""
    components = python_components(locked_hashes(requirements.read_text()))
    if _DPKG.is_file():
        components += debian_components(_DPKG.read_text())
    target.write_text(json.dumps(document(name, version, components), indent=1, sort_keys=True) + "\n")
