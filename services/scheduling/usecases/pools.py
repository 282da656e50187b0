"""Pools of practitioners among whom visits are shared out by weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from chassis.call import Call
from chassis.errors import NotFound
from scheduling.store import Store
from scheduling.tables_availability import PractitionerPool
from scheduling.usecases.errors import NameInUse
from scheduling.usecases.slots import FAIR_OVER


@dataclass(frozen=True)
class PoolView:
    """A pool, and what each member was given lately, in minutes."""

    id: UUID
    name: str
    weights: dict[UUID, int]
    minutes: dict[UUID, int]
    version: int


def create(call: Call, name: str, weights: Mapping[UUID, int]) -> PoolView:
    """Makes a pool. Raises NotFound (practitioner), NameInUse."""
    store = Store(call.session)
    _refuse(store, name, weights, None)
    row = store.add(PractitionerPool(name=name, members=_stored(weights)))
    store.note_rules_changed(row.id)
    return _view(call, store, row)


def update(call: Call, pool_id: UUID, name: str, weights: Mapping[UUID, int], version: int) -> PoolView:
    """Replaces name and members. Raises NotFound, NameInUse, StaleVersion."""
    store = Store(call.session)
    row = store.lock(PractitionerPool, pool_id, "practitioner pool")
    call.expect_version(row.version, version)
    _refuse(store, name, weights, pool_id)
    row.name, row.members = name, _stored(weights)
    store.session.flush()
    store.note_rules_changed(row.id)
    return _view(call, store, row)


def delete(call: Call, pool_id: UUID) -> PoolView:
    """Takes a pool away. Raises NotFound."""
    store = Store(call.session)
    row = store.lock(PractitionerPool, pool_id, "practitioner pool")
    view = _view(call, store, row)
    store.session.delete(row)
    store.note_rules_changed(pool_id)
    return view


def list_pools(call: Call, page_size: int, page_token: str) -> tuple[list[PoolView], str]:
    """A page of pools by name."""
    store = Store(call.session)
    rows, token = store.pools_page(page_size, page_token)
    return [_view(call, store, row) for row in rows], token


def _view(call: Call, store: Store, row: PractitionerPool) -> PoolView:
    weights = {UUID(member): weight for member, weight in row.members}
    minutes = store.loads_of(weights, call.now - FAIR_OVER, call.now + FAIR_OVER)
    return PoolView(row.id, row.name, weights, minutes, row.version)


def _stored(weights: Mapping[UUID, int]) -> list[list[object]]:
    return [[str(member), weight] for member, weight in sorted(weights.items())]


def _refuse(store: Store, name: str, weights: Mapping[UUID, int], own: UUID | None) -> None:
    if store.practitioners_known(list(weights)) != set(weights):
        raise NotFound("practitioner")
    other = store.pool_by_name(name)
    if other is not None and other.id != own:
        raise NameInUse
