"""What every service's Store can do: keys, locks, keyset pages."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Dialect,
    Select,
    TypeDecorator,
    any_,
    bindparam,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from chassis.errors import InvalidInput, NotFound, Violation

Row = TypeVar("Row")
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
DEFAULT_PAGE = 50
LARGEST_PAGE = 500


def array_text(values: Iterable[object]) -> str:
    """Values as PostgreSQL writes an array. psycopg's own dumper of lists looks
    at each item several times; a remittance has tens of thousands."""
    items = list(values)
    # One payer, place or day stands in it over and over: each object is written once.
    texts = {key: _item_text(item) for key, item in {id(item): item for item in items}.items()}
    return "{" + ",".join([texts[id(item)] for item in items]) + "}"


def _item_text(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, UUID):
        return value.hex  # half the work of its usual form, and PostgreSQL reads both
    if isinstance(value, int | date):  # an instant is a date, too
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _ArrayText(TypeDecorator[Any]):
    """An array parameter that is sent as text; the server reads it once, before it plans."""

    impl = ARRAY
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        return array_text


def among(column: InstrumentedAttribute[Any], values: Iterable[object] | BindParameter[Any]) -> ColumnElement[bool]:
    """`column` is one of `values`: one parameter, however many they are (`in_` makes one of each, and a new statement).

    With a named parameter in their place the statement can be built once; an iterable is given for it when it is asked.
    """
    of_column = _ArrayText(column.type)
    if isinstance(values, BindParameter):
        return column == any_(bindparam(values.key, type_=of_column))
    return column == any_(literal(list(values), of_column))


def remembered(read: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """A store's query about reference rows (`chassis.orm.Reference`): a transaction asks it once for the same arguments, and
    anew after it has flushed a change to such a row. The arguments are hashable; nobody changes what is answered."""

    @wraps(read)
    def answer(*arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
        store: Any = arguments[0]
        memory: dict[object, Answer] = store.session.info.setdefault("memory", {})
        key = (read, arguments[1:], *sorted(named.items()))
        if key not in memory:
            memory[key] = read(*arguments, **named)
        return memory[key]

    return answer


@cache
def _locking(model: type[Row]) -> Select[Row]:
    """Rows of a table by their ids, locked in the order of these."""
    tenant_id, identity = model.tenant_id, model.id  # type: ignore[attr-defined]
    chosen = select(model).where(tenant_id == bindparam("tenant_id"), among(identity, bindparam("ids")))
    return chosen.order_by(identity).with_for_update().execution_options(populate_existing=True)


class BaseStore:
    """Queries of one transaction. Subclasses hold ALL SQL of their service."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.tenant_id: UUID = session.info["tenant_id"]

    def key(self, row_id: UUID) -> tuple[UUID, UUID]:
        """The primary key of a Tenanted row."""
        return self.tenant_id, row_id

    def add(self, row: Row) -> Row:
        """Adds a row and writes it at once, so that constraint errors surface here."""
        self.session.add(row)
        self.session.flush()
        return row

    def add_all(self, rows: Iterable[object]) -> None:
        """Adds rows (or changed ones) and writes them at once, those of one table together."""
        self.session.add_all(rows)
        self.session.flush()

    def get(self, model: type[Row], row_id: UUID) -> Row | None:
        return self.session.get(model, self.key(row_id))

    def need(self, model: type[Row], row_id: UUID, what: str) -> Row:
        """The row. Raises NotFound(`what`) when there is none that this transaction may see."""
        row = self.get(model, row_id)
        if row is None:
            raise NotFound(what)
        return row

    def lock(self, model: type[Row], row_id: UUID, what: str = "resource") -> Row:
        """The row, fresh and locked (FOR UPDATE) until the transaction ends. Raises NotFound."""
        row = self.session.get(model, self.key(row_id), with_for_update=True, populate_existing=True)
        if row is None:
            raise NotFound(what)
        return row

    def lock_all(self, model: type[Row], row_ids: Collection[UUID], what: str = "resource") -> list[Row]:
        """The rows, fresh and locked until the transaction ends, in the order of their ids; one statement, however many.

        Raises NotFound when one is missing.
        """
        query = _locking(model)  # type: ignore[arg-type]  # every class is hashable
        rows = list(self.session.scalars(query, {"tenant_id": self.tenant_id, "ids": row_ids}))
        if len(rows) < len(set(row_ids)):
            raise NotFound(what)
        return rows

    def page(
        self,
        query: Select[Any],
        order: Sequence[InstrumentedAttribute[Any]],
        page_size: int,
        page_token: str,
        *,
        descending: bool = False,
    ) -> tuple[list[Any], str]:
        """One keyset page of `query` (a select of one entity) ordered by `order`, which must end in a unique column.

        Returns (rows, token of the next page or ""). Raises InvalidInput for a token that is not ours.
        """
        size = min(page_size or DEFAULT_PAGE, LARGEST_PAGE)
        if page_token:
            values = read_token(page_token, len(order))
            last = tuple_(*(literal(value, column.type) for column, value in zip(order, values, strict=True)))
            query = query.where(tuple_(*order) < last if descending else tuple_(*order) > last)
        query = query.order_by(*(column.desc() if descending else column for column in order)).limit(size + 1)
        rows = list(self.session.scalars(query))
        if len(rows) <= size:
            return rows, ""
        rows = rows[:size]
        return rows, make_token([getattr(rows[-1], column.key) for column in order])


def make_token(values: Sequence[object]) -> str:
    """The page token that says where a page ended: instants, dates, UUIDs and what JSON knows."""
    tagged: list[list[Any]] = []
    for value in values:
        if isinstance(value, datetime):
            tagged.append(["t", value.isoformat()])
        elif isinstance(value, date):
            tagged.append(["d", value.isoformat()])
        elif isinstance(value, UUID):
            tagged.append(["u", str(value)])
        else:
            tagged.append(["v", value])
    return base64.urlsafe_b64encode(json.dumps(tagged).encode()).decode().rstrip("=")


def read_token(token: str, length: int) -> list[Any]:
    """The values of a page token. Raises InvalidInput for one that is not ours, or not of so many values."""
    readers: dict[str, Callable[[Any], object]] = {
        "t": datetime.fromisoformat,
        "d": date.fromisoformat,
        "u": UUID,
        "v": lambda value: value,
    }
    try:
        tagged = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        values = [readers[kind](value) for kind, value in tagged]
    except (ValueError, KeyError, TypeError):
        values = []
    if len(values) != length:
        raise InvalidInput([Violation("page_token", "is not a token of this list")])
    return values
