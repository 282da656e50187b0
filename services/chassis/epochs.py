"""Epochs of versions: after a database came back as it was earlier, its versions must be newer than all it ever told.

Others keep copies and drop what is older than what they know. A restored owner would count again through versions that it has
told before, and its news would be dropped for a while. So a restore begins a new epoch: every version is lifted over all
versions of the epoch before; what callers hold from the lost time is stale to them as well.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chassis.migrating import LOCK_TIMEOUT, MigrationError, plain_engine
from chassis.orm import Versioned

# No row is changed so often within one epoch.
VERSIONS = 1_000_000_000


def versioned_tables(service: str) -> list[str]:
    """The tables of a service whose rows carry a version of their own, by name."""
    base = importlib.import_module(f"{service}.tables").Base
    return sorted(mapper.local_table.name for mapper in base.registry.mappers if issubclass(mapper.class_, Versioned))


def begin(service: str, owner_url: str, connect_args: Mapping[str, object] | None = None) -> int:
    """Lifts every version of a service's database into the next epoch, in one transaction; returns how many rows.

    The service must be stopped: its tables are locked. Raises MigrationError.
    """
    engine = plain_engine(owner_url, connect_args)
    lifted = 0
    try:
        with engine.begin() as connection:
            connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
            for table in versioned_tables(service):
                # Row-level security is forced on the owner as well: not for this one statement.
                connection.execute(text(f'alter table "{table}" no force row level security'))
                lift = f'update "{table}" set version = (version / :size + 1) * :size + version % :size'  # noqa: S608 (a name of our own)
                lifted += connection.execute(text(lift), {"size": VERSIONS}).rowcount
                connection.execute(text(f'alter table "{table}" force row level security'))
    except SQLAlchemyError as error:
        raise MigrationError(f"{service}: no new epoch was begun: {str(error).splitlines()[0]}") from error
    finally:
        engine.dispose()
    return lifted
