"""What the tables of every service have in common."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, DateTime, LargeBinary, MetaData, Text, Uuid, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column

from chassis.ids import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
TYPES = {
    datetime: DateTime(timezone=True),
    date: Date(),
    str: Text(),
    int: BigInteger(),
    bool: Boolean(),
    bytes: LargeBinary(),
    UUID: Uuid(),
    dict: JSONB(),
    list: JSONB(),
}


def declarative_base() -> Any:
    """A new declarative base (one a service) with the house's names and column types."""

    class Base(DeclarativeBase):
        metadata = MetaData(naming_convention=NAMING)
        type_annotation_map = TYPES

    return Base


class TenantOnly:
    """A table whose key begins with the tenant; add the other key columns with ``primary_key=True``."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-20)


class Tenanted(TenantOnly):
    """A table keyed by (tenant_id, id). Both are filled in when the row is added to the session."""

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-10)


class Versioned:
    """``version`` starts at 1 and rises with each update through the ORM; a lost race raises StaleVersion."""

    version: Mapped[int] = mapped_column(nullable=False)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, object]:
        return (
            {"version_id_col": cls.__table__.c.version}
            if hasattr(cls, "__table__")
            else {"version_id_col": cls.version}
        )


class Reference:
    """Rows that change seldom, that few lock and everybody reads: a price list, the copy of a location. A transaction that
    has read one has it at hand to its end; any other row it forgets as soon as nobody refers to it."""


def patient_scoped(column: str) -> dict[str, object]:
    """Table arguments that say which column holds the patient: a patient's token sees only its own rows."""
    return {"info": {"patient_column": column}}


def unprotected_by_tenant(reason: str) -> dict[str, object]:
    """Table arguments for the rare directory that is read before the tenant is known (say why)."""
    return {"info": {"directory": reason}}


@event.listens_for(Session, "before_flush")
def _fill_keys(session: Session, *_: object) -> None:
    """Gives new rows their tenant (the transaction's) and a UUIDv7 id."""
    tenant_id = session.info.get("tenant_id")
    for row in session.new:
        given: Any = row
        if isinstance(row, TenantOnly) and given.tenant_id is None:
            given.tenant_id = tenant_id
        if isinstance(row, Tenanted) and given.id is None:
            given.id = uuid7()
