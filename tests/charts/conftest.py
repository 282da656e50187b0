"""The charts, assembled once and rendered once for each values file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from infra.cluster import charts

from tests.charts.rendering import VALUES_FILES, Installer, Rendered


@pytest.fixture(scope="session")
def installer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installer]:
    """The umbrella chart with its dependencies."""
    made = Installer(charts.assemble(Path(tmp_path_factory.mktemp("charts"))))
    yield made
    made.close()


@pytest.fixture(params=list(VALUES_FILES))
def installed(request: pytest.FixtureRequest, installer: Installer) -> Rendered:
    """What each values file installs."""
    return installer.file(request.param)
