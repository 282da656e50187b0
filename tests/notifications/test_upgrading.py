"""A tenant that began with an earlier release is given what has been built in since, once, and nothing that it has deleted."""

from __future__ import annotations

import importlib

import psycopg
from alembic.migration import MigrationContext
from alembic.operations import Operations
from polyclinic.notifications.v1 import notifications_pb2 as pb
from sqlalchemy import create_engine, text

from notifications.usecases.upgrading import CATCH_UP

migration = importlib.import_module("notifications.migrations.0007_what_is_built_in_by_now")


def rules(clinic):
    """The names of the tenant's active rules."""
    return {one.name for one in clinic.staff.call("ListRules", pb.ListRulesRequest()).rules}


def texts(clinic, code):
    """(channel, language) of the texts of a code."""
    found = clinic.staff.call("ListTemplates", pb.ListTemplatesRequest(code=code)).templates
    return {(one.channel, one.language) for one in found}


def as_before(clinic, code):
    """The tenant as it was before this code was built in."""
    with clinic.harness.session(clinic.tenant) as session:
        for statement in (
            "delete from rule where template_code = :code",
            "delete from template_version where template_id in (select id from template where code = :code)",
            "delete from template where code = :code",
        ):
            session.execute(text(statement), {"code": code})


def upgrade(clinic):
    """The database as the migration leaves it, and the work it planned done."""
    engine = create_engine(owner_url(clinic).replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        migration.upgrade()
    engine.dispose()
    clinic.harness.run_due()


def owner_url(clinic):
    """The owner's way into the service's database."""
    return clinic.harness.settings.database_owner_url


def test_a_tenant_of_an_earlier_release_is_told_of_delays(clinic):
    """The rule and its texts in every language come with the upgrade, and only once."""
    as_before(clinic, "visit.delayed")
    assert "Visit delayed" not in rules(clinic)
    upgrade(clinic)
    upgrade(clinic)
    found = clinic.staff.call("ListRules", pb.ListRulesRequest(include_inactive=True)).rules
    assert [one.name for one in found].count("Visit delayed") == 1
    assert len(texts(clinic, "visit.delayed")) == 4


def test_what_a_clinic_has_deleted_is_not_given_back(clinic):
    """A rule whose text is there was deleted by somebody: it stays so."""
    (delayed,) = [
        one for one in clinic.staff.call("ListRules", pb.ListRulesRequest()).rules if one.name == "Visit delayed"
    ]
    clinic.staff.call("DeleteRule", pb.DeleteRuleRequest(rule_id=delayed.rule_id, version=delayed.version))
    before = rules(clinic)
    upgrade(clinic)
    assert rules(clinic) == before
    assert "Visit delayed" not in before


def test_the_upgrade_leaves_every_tenant_to_itself(clinic):
    """Each tenant has one piece of work of its own, and row-level security is forced again afterwards."""
    engine = create_engine(owner_url(clinic).replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        migration.upgrade()
    engine.dispose()
    with psycopg.connect(owner_url(clinic)) as connection:
        forced = connection.execute(
            "select bool_and(relforcerowsecurity) from pg_class where relname in ('policy', 'due')"
        ).fetchone()
        assert forced == (True,)
        assert connection.execute("select count(*) from policy").fetchone() == (0,)
    with clinic.harness.session(clinic.tenant) as session:
        planned = session.execute(text("select count(*) from due where kind = :kind"), {"kind": CATCH_UP}).scalar_one()
    assert planned == 1
    clinic.harness.run_due()
