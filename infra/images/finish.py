"""Run once inside the build: puts the sources into the environment, makes its two programs, and writes what is in it.

``finish.py <service> <version>``. Uses nothing but the standard library: it runs where only the service's own
dependencies are.
"""

from __future__ import annotations

import compileall
import shutil
import sys
import sysconfig
from pathlib import Path

import sbom

SOURCES = Path("/sources")
PROGRAM = "#!/opt/polyclinic/bin/python\n"
SERVE = PROGRAM + "import runpy\n\nrunpy.run_module({service!r}, run_name='__main__', alter_sys=True)\n"
OPERATE = PROGRAM + "import sys\n\nfrom chassis.cli import main\n\nsys.exit(main())\n"


def main(service: str, version: str) -> None:
    """Installs the sources beside the dependencies, compiled: nothing may be written when it runs."""
    packages = Path(sysconfig.get_path("purelib"))
    programs = Path(sysconfig.get_path("scripts"))
    for source in sorted(SOURCES.iterdir()):
        shutil.copytree(source, packages / source.name, dirs_exist_ok=True)
    # What dependencies bring for their own tests is nothing that a server needs.
    for folder in [*packages.glob("*/tests"), *packages.glob("*/test")]:
        shutil.rmtree(folder)
    for left in [*programs.glob("*")]:
        if not left.name.startswith(("python", "polyclinic")):
            left.unlink()
    # What `importlib.metadata` answers about ourselves.
    about = packages / f"polyclinic-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: polyclinic\nVersion: {version}\nLicense-Expression: Apache-2.0\n"
    )
    scripts = {"serve": SERVE.format(service=service)}
    if (packages / "chassis").is_dir():
        scripts["polyclinic"] = OPERATE
    for name, text in scripts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    sbom.write(Path(sys.prefix) / "sbom.cdx.json", f"polyclinic-{service}", version, Path("/requirements.txt"))
    if not compileall.compile_dir(packages, quiet=1, workers=0, invalidation_mode=None, legacy=False):
        print("some files of dependencies do not compile; they are not meant for this Python", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
