"""``python -m infra.cluster.charts [FOLDER]`` (``make charts``): lint, assemble and package the charts with Helm's own engine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

import helm_python as helm

ROOT: Final = Path(__file__).resolve().parent.parent.parent
CHARTS: Final = ROOT / "charts"
# Findings of this severity and above are mistakes (0 unknown, 1 info, 2 warning, 3 error).
WARNING: Final = 2


class ChartError(Exception):
    """A chart is not right; the message lists all of it."""


def assemble(folder: Path) -> Path:
    """Copies the charts into ``folder`` and gives the umbrella its dependencies; answers the umbrella's folder.

    A copy, because Helm writes beside the sources (``charts/``, ``Chart.lock``).
    """
    for name in ("service", "polyclinic"):
        shutil.copytree(
            CHARTS / name, folder / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("charts", "Chart.lock")
        )
    umbrella = folder / "polyclinic"
    helm.dependency_update(umbrella)
    return umbrella


def values_files() -> list[Path]:
    """Every values file that somebody may install with, the default first."""
    folder = CHARTS / "polyclinic"
    return [folder / "values.yaml", *sorted(folder.glob("values-*.yaml"))]


def lint(chart: Path, values: dict[str, object] | None = None) -> list[str]:
    """What Helm finds wrong with a chart and its values, warnings included."""
    report = helm.lint(chart, values, namespace="polyclinic", with_subcharts=False, kube_version="v1.33.0")
    found = [f"{one['path']}: {one['error']}" for one in report["messages"] if one["severity"] >= WARNING]
    return found + list(report["errors"])


def main(arguments: list[str] | None = None) -> int:
    """Packages into the folder given (default ``out/charts``); 1 with all findings when something is wrong."""
    given = sys.argv[1:] if arguments is None else arguments
    folder = Path(given[0]) if given else ROOT / "out" / "charts"
    shutil.rmtree(folder, ignore_errors=True)
    umbrella = assemble(folder / "source")
    try:
        for path in values_files():
            wrong = lint(umbrella, helm.values_from_yaml(path.read_text()))
            if wrong:
                raise ChartError(f"{path.name}: {'; '.join(wrong)}")
        for chart in (folder / "source" / "service", umbrella):
            print(helm.package(chart, destination=folder))
    except (ChartError, helm.HelmError) as error:
        print(f"charts: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
