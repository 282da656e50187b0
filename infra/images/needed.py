"""Which distributions of the lock file an image needs: those its sources import, and what those require themselves.

One lock file serves all; an image carries its own part of it. Found by reading the sources, so that no list beside them
falls behind.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

# Used without being imported by name: IANA zones.
ALWAYS: Final = ("tzdata",)
# What markers are asked for: the images' platform, whatever this machine is.
LINUX: Final = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}


def normal(name: str) -> str:
    """A distribution's name as the index writes it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folders: Iterable[Path]) -> set[str]:
    """Top-level and second-level names that the Python files below these folders import from outside the standard library."""
    names: set[str] = set()
    for folder in folders:
        for path in folder.rglob("*.py"):
            if "testing" not in path.relative_to(folder).parts:
                names |= _imported_by(path.read_bytes())
    return {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}


@cache
def _imported_by(source: bytes) -> frozenset[str]:
    """Every name that a source imports. Most are in several images."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "find_spec":
            # Looked up for its data (ICD-10-CM), not imported.
            names |= {str(argument.value) for argument in node.args if isinstance(argument, ast.Constant)}
    return frozenset(names)


@cache
def providers() -> dict[str, set[str]]:
    """Distributions by the modules and packages they install, down to two levels (google.rpc, opentelemetry.sdk …)."""
    found: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        name = normal(distribution.metadata["Name"])
        for file in distribution.files or ():
            parts = file.parts
            if parts[0].endswith((".dist-info", ".data")) or parts[0] in ("..", "__pycache__"):
                continue
            if file.suffix in (".py", ".so", ".pyd"):
                for depth in range(1, min(len(parts), 5) + 1):
                    module = ".".join([*parts[: depth - 1], parts[depth - 1].split(".")[0]])
                    found.setdefault(module, set()).add(name)
    return found


def declared(pyproject: Path) -> dict[str, Requirement]:
    """The project's own runtime dependencies with the extras it asks for, by name."""
    listed = tomllib.loads(pyproject.read_text())["project"]["dependencies"]
    return {normal(requirement.name): requirement for requirement in map(Requirement, listed)}


def roots(folders: Iterable[Path]) -> set[str]:
    """The distributions that these sources import from."""
    known = providers()
    wanted: set[str] = set()
    for name in imported(folders):
        # The longest known part: `opentelemetry.sdk.trace.TracerProvider` is the SDK's, not the API's.
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            if owners := known.get(".".join(parts[:length])):
                wanted |= owners
                break
    return wanted


def needed(folders: Iterable[Path], locked: set[str], pyproject: Path) -> set[str]:
    """The distributions (of those that are locked) for these sources."""
    return closure((roots(folders) | {*ALWAYS}) & locked, pyproject) & locked


def closure(names: Iterable[str], pyproject: Path) -> set[str]:
    """These distributions and all that they require themselves, with the extras that the project asks for."""
    ours = declared(pyproject)
    found: set[str] = set()
    waiting = [(name, tuple(ours[name].extras) if name in ours else ()) for name in sorted(names)]
    while waiting:
        name, extras = waiting.pop()
        if name in found and not extras:
            continue
        found.add(name)
        for line in metadata.requires(name) or ():
            requirement = Requirement(line)
            environments = [{**LINUX, "extra": extra} for extra in ("", *extras)]
            if requirement.marker is None or any(requirement.marker.evaluate(each) for each in environments):
                waiting.append((normal(requirement.name), tuple(requirement.extras)))
    return found
