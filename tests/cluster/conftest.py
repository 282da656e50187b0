"""What the tests of restores share."""

from __future__ import annotations

import pytest
from infra.local.servers import EmbeddedPostgres

from tests.cluster.shell import environment


@pytest.fixture
def shell(postgres: EmbeddedPostgres) -> dict[str, str]:
    """An operator's environment: a superuser of the server."""
    return environment(postgres)
