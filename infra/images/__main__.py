"""``python -m infra.images build|base``: what ``make images`` calls, with docker or podman."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from infra.images.context import ROOT, Image, images, write_context

CONTAINERFILE: Final = ROOT / "infra" / "images" / "Containerfile"
LOCAL_BASE: Final = "localhost/polyclinic-base:bookworm"
OUTPUT: Final = ROOT / "out" / "images"
ENGINES: Final = ("podman", "docker")


class ImageError(Exception):
    """An image could not be made; the message is one line."""


def engine(wanted: str = "") -> str:
    """The program to build with: the one that is wanted, or the first that is there and answers."""
    for name in [wanted] if wanted else ENGINES:
        program = shutil.which(name)
        if program is not None and subprocess.run([program, "info"], capture_output=True, check=False).returncode == 0:
            return program
    raise ImageError(f"no container engine answers ({wanted or ' or '.join(ENGINES)})")


def make_base(program: str, tag: str = LOCAL_BASE) -> None:
    """Makes the base image from Debian's packages (as root, with mmdebstrap)."""
    archive = ROOT / "build" / "images" / "base.tar"
    archive.parent.mkdir(parents=True, exist_ok=True)
    _run(["sh", str(ROOT / "infra" / "images" / "local-base" / "build.sh"), str(archive)])
    _run([program, "import", "--change", "ENV LANG=C.UTF-8", str(archive), tag])
    archive.unlink()


def build(program: str, image: Image, *, tag: str, prefix: str, base: str, revision: str, created: str) -> str:
    """Builds one image and leaves its bill of materials in ``out/images``; answers the image's name."""
    context = ROOT / "build" / "images" / image.name
    write_context(image, context)
    name = f"{prefix}{image.name}:{tag}"
    arguments = {"SERVICE": image.package, "VERSION": tag, "REVISION": revision, "CREATED": created}
    command = [program, "build", "--file", str(CONTAINERFILE), "--tag", name]
    if base:
        command += ["--build-arg", f"BASE={base}"]
    for key, value in arguments.items():
        command += ["--build-arg", f"{key}={value}"]
    if Path(program).name == "podman":
        command += ["--network", "none"]
    _run([*command, str(context)])
    OUTPUT.mkdir(parents=True, exist_ok=True)
    bill = _run([program, "run", "--rm", "--network", "none", name, "python", "-c", READ_BILL])
    (OUTPUT / f"{image.name}.cdx.json").write_text(bill)
    return name


READ_BILL: Final = "import sys; print(open(sys.prefix + '/sbom.cdx.json').read(), end='')"


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-15:]
        raise ImageError(f"{' '.join(command[:3])} … failed:\n" + "\n".join(said))
    return done.stdout


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S607
    return done.stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when everything was made, 1 with what the engine said otherwise."""
    known = {image.name: image for image in images()}
    parser = argparse.ArgumentParser(prog="python -m infra.images", description=__doc__)
    parser.add_argument("--engine", default="", help="docker or podman (default: whichever answers)")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("build", help="build the images (default: all)")
    one.add_argument("images", nargs="*", choices=[[], *known], help="only these")
    one.add_argument("--tag", default="", help="default: the version in pyproject.toml")
    one.add_argument("--prefix", default="polyclinic-", help="registry and beginning of the names")
    one.add_argument(
        "--base", default="", help="base image (default: Python slim); `local` makes it from Debian's packages"
    )
    base = commands.add_parser("base", help="make the base image from Debian's packages")
    base.add_argument("--tag", default=LOCAL_BASE)
    chosen = parser.parse_args(arguments)
    try:
        program = engine(chosen.engine)
        if chosen.command == "base":
            make_base(program, chosen.tag)
            print(chosen.tag)
            return 0
        if chosen.base == "local":
            make_base(program)
            chosen.base = LOCAL_BASE
        revision = _git("rev-parse", "HEAD") or "unknown"
        created = _git("show", "--no-patch", "--format=%cI", "HEAD") or datetime.now(UTC).isoformat(timespec="seconds")
        for name in chosen.images or known:
            tag = chosen.tag or version()
            print(
                build(
                    program,
                    known[name],
                    tag=tag,
                    prefix=chosen.prefix,
                    base=chosen.base,
                    revision=revision,
                    created=created,
                ),
                flush=True,
            )
    except ImageError as error:
        print(f"images: {error}", file=sys.stderr)
        return 1
    return 0


def version() -> str:
    """The project's version."""
    import tomllib

    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


if __name__ == "__main__":
    raise SystemExit(main())
