"""The pages' files are built once, named by what is in them, and a build that cannot be says why in one line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from infra import assets


def test_nothing_is_built_twice() -> None:
    """A second build finds nothing to do."""
    assets.build()
    assert assets.build() == 0


def test_names_carry_the_content() -> None:
    """Each file of the manifest is there, and its name holds the hash of its bytes."""
    assets.build()
    names = json.loads((assets.DIST / "manifest.json").read_text())
    assert {"console.css", "console.js", "htmx.js", "icon.svg"} <= names.keys()
    for name in names.values():
        digest = hashlib.sha256((assets.DIST / name).read_bytes()).hexdigest()
        assert name.split(".")[1] == digest[:12]


def test_the_calendar_has_a_class_for_each_row() -> None:
    """Every five minutes of a day can be placed by a class, since the policy allows no style on an element."""
    css = assets.stylesheet().decode()
    assert ".at-0{" in css
    assert f".at-{assets.ROWS_A_DAY}{{" in css
    assert f".for-{assets.ROWS_A_DAY}{{" in css
    assert "/*" not in css


def test_packages_that_cannot_be_had_are_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When npm refuses, the build says so in one line, and nothing counts as installed."""
    monkeypatch.setattr(assets, "NODE", tmp_path)
    monkeypatch.setattr(assets, "npm", lambda: ["sh", "-c", "echo no such registry >&2; exit 1"])
    with pytest.raises(assets.AssetError) as refused:
        assets.packages()
    assert "no such registry" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "installed").exists()
