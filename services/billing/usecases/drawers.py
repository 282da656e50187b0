"""Cash drawers: opened, counted, closed into the bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.domain.drawers import DrawerCount
from billing.domain.ledger import Dimensions, drawer_entries
from billing.errors import DayClosed, DrawerAlreadyOpen, NoOpenDrawer
from billing.store import Store
from billing.store_payments import DrawerTotals
from billing.tables_money import Drawer
from billing.usecases import journals
from chassis.call import Call
from chassis.errors import FailedPrecondition, InvalidInput, NotFound, PermissionDenied, Violation


@dataclass(frozen=True, slots=True)
class DrawerView:
    """A drawer with what its receipts come to."""

    drawer: Drawer
    totals: DrawerTotals


def open_drawer(call: Call, location_id: UUID, opening_float_minor: int) -> DrawerView:
    """Opens the caller's drawer. Raises DrawerAlreadyOpen, DayClosed, NotFound (location)."""
    store = Store(call.session)
    if store.location(location_id) is None or not may_see(call, location_id):
        raise NotFound("location")
    if store.open_drawer(location_id, call.principal.id) is not None:
        raise DrawerAlreadyOpen()
    today = journals.local_day(call, store, location_id)
    # A day that is being closed is waited for; one that is closed takes no drawer.
    store.join_day([location_id])
    closed = store.last_closed_day([location_id])
    if closed is not None and today <= closed:
        raise DayClosed()
    drawer = store.add(
        Drawer(
            location_id=location_id,
            user_id=call.principal.id,
            user_name=call.principal.name,
            business_date=today,
            opened_at=call.now,
            opening_float_minor=opening_float_minor,
            note="",
        )
    )
    return _views(store, [drawer])[0]


def close_drawer(
    call: Call, drawer_id: UUID, counted_cash_minor: int, counted_checks_minor: int, note: str
) -> DrawerView:
    """Counts and closes a drawer; a difference is posted and kept. Raises FailedPrecondition, InvalidInput,
    PermissionDenied, NotFound.
    """
    store = Store(call.session)
    drawer = store.lock(Drawer, drawer_id, "drawer")
    if not may_see(call, drawer.location_id):
        raise NotFound("drawer")
    if drawer.user_id != call.principal.id and not call.may("drawer.close_any"):
        raise PermissionDenied("Only its user counts a drawer, or who may close any.")
    if drawer.closed_at is not None:
        raise FailedPrecondition("The drawer is closed already.")
    totals = store.drawer_totals([drawer_id])[drawer_id]
    count = DrawerCount(
        opening_float_minor=drawer.opening_float_minor,
        cash_received_minor=totals.cash_received_minor,
        cash_refunded_minor=totals.cash_refunded_minor,
        checks_received_minor=totals.checks_received_minor,
        counted_cash_minor=counted_cash_minor,
        counted_checks_minor=counted_checks_minor,
    )
    if count.over_short_minor != 0 and not note.strip():
        raise InvalidInput([Violation("note", "say what is known about the difference")])
    journals.post(
        call,
        store,
        kind="drawer_close",
        source=("drawer_close", str(drawer.id)),
        memo=note or "Drawer counted",
        entries=drawer_entries(
            totals.cash_received_minor - totals.cash_refunded_minor,
            totals.checks_received_minor,
            count.cash_deposit_minor,
            counted_checks_minor,
            Dimensions(drawer_id=drawer.id, location_id=drawer.location_id),
        ),
    )
    drawer.closed_at = call.now
    drawer.counted_cash_minor = counted_cash_minor
    drawer.counted_checks_minor = counted_checks_minor
    drawer.over_short_minor = count.over_short_minor
    drawer.note = note
    store.session.flush()
    return DrawerView(drawer, totals)


def get_drawer(call: Call, drawer_id: UUID) -> DrawerView:
    """One drawer. Raises NotFound."""
    store = Store(call.session)
    drawer = store.need(Drawer, drawer_id, "drawer")
    if not may_see(call, drawer.location_id):
        raise NotFound("drawer")
    return _views(store, [drawer])[0]


def list_drawers(
    call: Call,
    *,
    location_id: UUID | None,
    business_date: date | None,
    is_open: bool | None,
    page_size: int,
    page_token: str,
) -> tuple[Sequence[DrawerView], str]:
    """Drawers of the locations the caller may see, the newest first."""
    store = Store(call.session)
    rows, token = store.drawer_page(
        location_id=location_id,
        business_date=business_date,
        is_open=is_open,
        location_ids=call.principal.location_ids,
        page_size=page_size,
        page_token=page_token,
    )
    return _views(store, rows), token


def callers_drawer(call: Call, store: Store, location_id: UUID) -> Drawer:
    """The caller's open drawer at a location, locked: nobody closes it under a payment. Raises NoOpenDrawer."""
    drawer = store.open_drawer(location_id, call.principal.id, lock=True)
    if drawer is None:
        raise NoOpenDrawer()
    return drawer


def may_see(call: Call, location_id: UUID) -> bool:
    """Whether the caller works at the location (no list of locations: at all of them)."""
    return not call.principal.location_ids or location_id in call.principal.location_ids


def _views(store: Store, drawers: Sequence[Drawer]) -> list[DrawerView]:
    totals = store.drawer_totals(drawer.id for drawer in drawers)
    return [DrawerView(drawer, totals[drawer.id]) for drawer in drawers]
