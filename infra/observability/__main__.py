"""``python -m infra.observability`` writes dashboards and SLO rules from their tables, and the chart's copies of both."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from infra.observability.boards import BOARDS
from infra.observability.names import ROOT
from infra.observability.panels import to_json
from infra.observability.slos import rules

HERE = Path(__file__).resolve().parent
CHART = ROOT / "charts" / "polyclinic" / "files"
HEADER = "# Written by `python -m infra.observability` from slos.py; change it there.\n"


def generated() -> dict[str, str]:
    """What is written, by path below this folder."""
    files = {
        f"dashboards/{board.uid.removeprefix('polyclinic-')}.json": json.dumps(to_json(board), indent=1) + "\n"
        for board in BOARDS
    }
    files["alerts/slos.yaml"] = HEADER + yaml.safe_dump(rules(), sort_keys=False, width=140, allow_unicode=True)
    return files


def delivered() -> dict[str, str]:
    """Everything an installation takes, by path below this folder: what is generated and the alerts written by hand."""
    return generated() | {"alerts/alerts.yaml": (HERE / "alerts" / "alerts.yaml").read_text()}


def main() -> None:
    """Write what has changed, here and in the chart."""
    for name, text in generated().items():
        (HERE / name).write_text(text)
    for name, text in delivered().items():
        target = CHART / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


if __name__ == "__main__":
    main()
