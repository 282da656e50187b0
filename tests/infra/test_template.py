"""The template cluster: a new server begins as a copy of a migrated one, with passwords of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from infra.local.servers import SERVICES, EmbeddedPostgres
from infra.local.template import MARK, ClusterTemplate


@pytest.fixture
def template(tmp_path: Path) -> ClusterTemplate:
    """A place for a template that has not been made."""
    return ClusterTemplate(tmp_path / "templates", "some-code")


@pytest.fixture
def first(template: ClusterTemplate, tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server that has become the template, with one table in identity's database."""
    server = EmbeddedPostgres(tmp_path / "first", durable=False, template=template).start()
    for service in SERVICES:
        server.provision(service)
    with psycopg.connect(server.url("identity_owner", "identity")) as connection:
        connection.execute("CREATE TABLE migrated (id int)")
    server.become(template)
    yield server
    server.destroy()


@pytest.mark.slow
def test_a_copy_has_the_databases_and_its_own_passwords(
    first: EmbeddedPostgres, template: ClusterTemplate, tmp_path: Path
) -> None:
    """What was migrated once is there; whoever knows the first server's passwords cannot enter the second."""
    second = EmbeddedPostgres(tmp_path / "second", durable=False, template=template).start()
    try:
        with psycopg.connect(second.url("identity_owner", "identity")) as connection:
            assert connection.execute("SELECT count(*) FROM migrated").fetchone() == (0,)
        stolen = second.url("identity_owner", "identity").replace(
            second.secrets.get("identity_owner"), first.secrets.get("identity_owner")
        )
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(stolen)
    finally:
        second.destroy()


@pytest.mark.slow
def test_a_copy_that_was_interrupted_gets_its_passwords_at_the_next_start(
    first: EmbeddedPostgres, template: ClusterTemplate, tmp_path: Path
) -> None:
    """Until its roles have passwords of its own a copied cluster says so."""
    second = EmbeddedPostgres(tmp_path / "second", durable=False)
    second._prepare_folders()
    template.copy_to(second._cluster)
    assert (second._cluster / MARK).exists()
    second.start()
    try:
        with psycopg.connect(second.url("billing_app", "billing")):
            assert not (second._cluster / MARK).exists()
    finally:
        second.destroy()


def test_the_template_is_of_one_state_of_the_code() -> None:
    """The same code names the same template."""
    assert ClusterTemplate.of_this_code() == ClusterTemplate.of_this_code()


@pytest.mark.slow
def test_two_that_make_the_template_at_once_make_one(
    first: EmbeddedPostgres, template: ClusterTemplate, tmp_path: Path
) -> None:
    """Each deletes what is left of others, and neither deletes what the other is about to finish."""
    cluster = tmp_path / "stopped"
    template.copy_to(cluster)
    later = [ClusterTemplate(template.folder, "later-code") for _ in range(6)]
    with ThreadPoolExecutor(len(later)) as pool:
        list(pool.map(lambda each: each.make_from(cluster), later))
    assert {path.name for path in template.folder.iterdir() if path.is_dir()} == {"later-code"}
    assert (template.folder / "later-code" / MARK).exists()
