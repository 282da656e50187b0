"""What is installed in the images is what their sources import: the lock files lack nothing and agree with each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from infra.images.context import PROTOS, ROOT, SERVICES, images, locked
from infra.images.needed import closure, declared, imported, roots

PYPROJECT = ROOT / "pyproject.toml"
REQUIREMENTS = ROOT / "requirements"
# Roots of import that are this repository's own.
OURS = {path.name for folder in (ROOT, SERVICES, PROTOS) for path in folder.iterdir() if path.is_dir()}


def pinned(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Each distribution of a lock file → its version and the hashes of its files."""
    blocks = re.split(r"(?m)^(?=[a-z0-9])", lock.read_text())
    found = (re.match(r"([a-z0-9-]+)==([^\s;\\]+)", block) for block in blocks)
    return {
        match[1]: (match[2], frozenset(re.findall(r"sha256:([0-9a-f]{64})", block)))
        for match, block in zip(found, blocks, strict=True)
        if match
    }


def test_the_runtime_lock_has_what_the_services_import_and_the_project_asks_for() -> None:
    """Every import of the services, every dependency of the project, and whatever those require themselves."""
    folders = [SERVICES, PROTOS]
    wanted = closure(roots(folders) | set(declared(PYPROJECT)), PYPROJECT)
    assert wanted - locked((REQUIREMENTS / "runtime.txt").read_text()) == set()


def test_the_simulators_lock_has_what_the_simulators_import_and_nothing_else() -> None:
    """It is kept by hand: a new import without its line fails here, and so does a line that nothing needs any more."""
    wanted = closure(roots([ROOT / "infra" / "simulators"]), PYPROJECT)
    assert wanted == locked((REQUIREMENTS / "simulators.txt").read_text())


@pytest.mark.parametrize("name", ["runtime.txt", "simulators.txt"])
def test_locks_agree_on_versions_and_hashes(name: str) -> None:
    """What is tested is what is shipped: each version and hash is the one that the tests were installed with."""
    tested, shipped = pinned(REQUIREMENTS / "dev.txt"), pinned(REQUIREMENTS / name)
    assert len(shipped) > 5
    assert all(hashes for _version, hashes in shipped.values())
    assert {one: pin for one, pin in shipped.items() if tested.get(one) != pin} == {}


@pytest.mark.parametrize("image", images(), ids=lambda image: image.name)
def test_an_image_imports_nothing_of_ours_that_is_not_in_it(image) -> None:
    """A service has the chassis, itself and the contracts; the simulators have themselves."""
    carried = {folder.relative_to(ROOT / "infra").parts[0] for folder in image.folders if "infra" in folder.parts}
    carried = {f"infra.{name}" for name in carried} or {folder.name for folder in image.folders}
    ours = {name for name in imported(image.folders) if name.split(".")[0] in OURS}
    assert {name for name in ours if not any(f"{name}.".startswith(f"{one}.") for one in carried)} == set()
