"""What goes into an image: exactly these folders and wheels, and nothing that lies about in the working copy."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.images.needed import needed

ROOT: Final = Path(__file__).resolve().parent.parent.parent
SERVICES: Final = ROOT / "services"
PROTOS: Final = ROOT / "build" / "protos"
WHEELS: Final = ROOT / "build" / "wheels"
PYTHON: Final = "3.11"
# Distributions without a wheel on the index; pure Python, so that a wheel made here fits every image.
SOURCE_ONLY: Final = ("nkeys",)
MANYLINUX: Final = (
    "manylinux_2_34",
    "manylinux_2_28",
    "manylinux_2_17",
    "manylinux2014",
    "manylinux_2_5",
    "manylinux1",
)
LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", "*.pyc", "testing", "README.md")


@dataclass(frozen=True)
class Image:
    """One image: its name, what `serve` runs, its lock file, and the folders that become packages in it."""

    name: str
    package: str
    lock: Path
    folders: tuple[Path, ...]


def images() -> list[Image]:
    """An image for each service of the code, and one for the simulators of outside parties (demos and tests)."""
    services = sorted(path.parent.name for path in SERVICES.glob("*/__main__.py"))
    runtime = ROOT / "requirements" / "runtime.txt"
    contracts = tuple(sorted(path for path in PROTOS.iterdir() if path.is_dir()))
    found = [
        Image(name.replace("_", "-"), name, runtime, (SERVICES / "chassis", SERVICES / name, *contracts))
        for name in services
    ]
    simulators = Image(
        "simulators",
        "infra.simulators.clearinghouse",
        ROOT / "requirements" / "simulators.txt",
        (ROOT / "infra" / "simulators",),
    )
    return [*found, simulators]


def write_context(image: Image, folder: Path) -> None:
    """Fills ``folder`` anew with what the Containerfile copies."""
    shutil.rmtree(folder, ignore_errors=True)
    sources = folder / "sources"
    for source in image.folders:
        target = sources / source.relative_to(ROOT) if source.is_relative_to(ROOT / "infra") else sources / source.name
        shutil.copytree(source, target, ignore=LEFT_OUT)
    if image.name == "simulators":
        shutil.copy(ROOT / "infra" / "__init__.py", sources / "infra" / "__init__.py")
    fetched = wheels(image.lock)
    lock = requirements(image, fetched)
    (folder / "requirements.txt").write_text(lock)
    (folder / "wheels").mkdir()
    named = {name.replace("-", "_") for name in locked(lock)} | {"installer"}
    for wheel in fetched.glob("*.whl"):
        if wheel.name.split("-")[0].removesuffix(".whl").lower().replace(".", "_") in named:
            (folder / "wheels" / wheel.name).hardlink_to(wheel)
    for name in ("finish.py", "sbom.py"):
        shutil.copy(ROOT / "infra" / "images" / name, folder / name)


def locked(lock: str) -> set[str]:
    """The distributions of a lock file."""
    return set(re.findall(r"(?m)^([a-z0-9-]+)==", lock))


def requirements(image: Image, fetched: Path) -> str:
    """The image's part of its lock file; what was made here from verified sources is allowed by the hash it has now."""
    text = image.lock.read_text()
    names = needed(image.folders, locked(text), ROOT / "pyproject.toml")
    blocks = [block for block in re.split(r"(?m)^(?=[a-z0-9])", text) if block.split("==")[0] in names]
    binary, source = _split("".join(blocks))
    made = []
    for block in filter(None, source.split("\n")):
        if match := re.match(r"([a-z0-9.-]+)==([^\s;\\]+)", block):
            (wheel,) = fetched.glob(f"{match[1].replace('-', '_')}-{match[2]}-*.whl")
            made.append(f"{match[0]} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return binary + "".join(made)


def wheels(lock: Path) -> Path:
    """A folder with the wheels of a lock file for Linux on this machine's architecture; fetched when the lock changed."""
    folder = WHEELS / lock.stem
    stamp = folder / ".lock"
    installer = (ROOT / "requirements" / "installer.txt").read_text()
    wanted = lock.read_text() + installer
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    machine = platform.machine().replace("arm64", "aarch64")
    target = [
        "--only-binary=:all:",
        "--no-deps",
        "--python-version",
        PYTHON,
        "--implementation",
        "cp",
        "--abi",
        "cp311",
    ]
    target += ["--abi", "abi3", "--abi", "none"]
    for tag in MANYLINUX:
        target += ["--platform", f"{tag}_{machine}"]
    binary, source = _split(wanted)
    _pip("download", target, binary, folder)
    if source:
        _pip("wheel", ["--no-deps"], source, folder)
    (folder / next(folder.glob("pip-*.whl")).name).rename(folder / "installer.whl")
    stamp.write_text(wanted)
    return folder


def _split(lock: str) -> tuple[str, str]:
    """A lock file's text without what has no wheel, and that."""
    blocks = re.split(r"(?m)^(?=[a-z0-9])", lock)
    source = [block for block in blocks if block.split("==")[0] in SOURCE_ONLY]
    return "".join(block for block in blocks if block not in source), "".join(source)


def _pip(command: str, options: list[str], requirements: str, folder: Path) -> None:
    listed = folder / "requirements.in"
    listed.write_text(requirements)
    where = "--dest" if command == "download" else "--wheel-dir"
    call = [
        sys.executable,
        "-m",
        "pip",
        command,
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        *options,
    ]
    subprocess.run([*call, "--requirement", str(listed), where, str(folder)], check=True)
    listed.unlink()
