"""Foreign FHIR files, when POLYCLINIC_SAMPLE_DATA names a folder that has them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gateway.fhir.bundle import read_bundle

FILES = sorted(Path(os.environ["POLYCLINIC_SAMPLE_DATA"]).glob("synthea/*.json"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_sample_bundle_is_read_whole(path: Path) -> None:
    """Every entry of the file is taken, merged or counted, and everything taken is JSON."""
    with path.open("rb") as file:
        spooled = read_bundle(file)
    taken = list(spooled.taken())
    assert spooled.entries == len(json.loads(path.read_bytes())["entry"])
    assert spooled.entries == len(taken) + sum(spooled.ignored.values()) + sum(spooled.merged.values())
    assert all(json.loads(entry.resource)["resourceType"] for entry in taken)
    spooled.close()
