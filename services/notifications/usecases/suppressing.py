"""Addresses that nothing is sent to, and what their holders' STOP and START mean for the patients behind them."""

from __future__ import annotations

from uuid import UUID

from chassis.call import Call
from chassis.errors import DeadlineExceeded, FailedPrecondition, InvalidInput, Remote, Unavailable, Violation
from notifications import published
from notifications.domain.phones import normalised
from notifications.domain.vocabulary import Channel, SuppressionReason
from notifications.store import Store
from notifications.tables import Suppression
from notifications.usecases.outside import Outside


class OptedOutByHolder(FailedPrecondition):
    """Only the holder can take their own STOP back."""

    reason = "OPTED_OUT_BY_HOLDER"
    message = "The holder of this address opted out; only they can opt in again (by answering START)."


def list_suppressions(
    call: Call, channel: Channel | None, address: str, include_lifted: bool, page_size: int, page_token: str
) -> tuple[list[Suppression], str]:
    """A page of suppressions, newest first; the address in any notation."""
    wanted = next((form for one in Channel if (form := normalised(one, address))), address) if address else ""
    return Store(call.session).list_suppressions(channel, wanted, include_lifted, page_size, page_token)


def create_suppression(call: Call, channel: Channel, address: str) -> Suppression:
    """Suppresses an address by hand; one that is suppressed already stays as it is. Raises InvalidInput."""
    store = Store(call.session)
    value = normalised(channel, address)
    if value is None:
        raise InvalidInput([Violation("address", f"is no address for {channel}")])
    suppress(call, store, channel, value, SuppressionReason.MANUAL)
    return store.need_suppression(channel, value)


def delete_suppression(call: Call, suppression_id: UUID) -> Suppression:
    """Lifts a suppression. Raises NotFound, OptedOutByHolder."""
    row = Store(call.session).lock(Suppression, suppression_id, "suppression")
    if row.lifted_at is None:
        if row.reason == SuppressionReason.OPTED_OUT.value:
            raise OptedOutByHolder
        row.lifted_at = call.now
    return row


def suppress(call: Call, store: Store, channel: Channel, address: str, reason: SuppressionReason) -> None:
    """Suppresses an address; nothing happens when it is suppressed already."""
    store.add_suppression(call.new_id(), channel, address, reason, call.now)


def opt_out(call: Call, outside: Outside, store: Store, channel: Channel, address: str, reply_id: UUID) -> set[UUID]:
    """The holder of an address wants nothing more: suppresses it and tells the registry of all its patients.

    Returns those patients. An earlier suppression (a bad address, by hand) becomes the holder's own.
    """
    present = store.suppression(channel, address)
    if present is None:
        suppress(call, store, channel, address, SuppressionReason.OPTED_OUT)
    else:
        present.reason = SuppressionReason.OPTED_OUT.value
    patients = patients_behind(call, outside, store, channel, address)
    _tell(call, reply_id, patients, channel, granted=False)
    return patients


def opt_in(call: Call, outside: Outside, store: Store, channel: Channel, address: str, reply_id: UUID) -> set[UUID]:
    """The holder wants messages again: lifts the suppression (unless staff made it) and tells the registry.

    Returns the patients behind the address.
    """
    present = store.suppression(channel, address)
    if present is not None and present.reason != SuppressionReason.MANUAL.value:
        present.lifted_at = call.now
    patients = patients_behind(call, outside, store, channel, address)
    _tell(call, reply_id, patients, channel, granted=True)
    return patients


def patients_behind(call: Call, outside: Outside, store: Store, channel: Channel, address: str) -> set[UUID]:
    """Everybody who is reached at this address: whom we wrote to there, and whom the registry knows now.

    When the registry does not answer, our own record must do: the address itself is suppressed in any case.
    """
    patients = store.patients_written_to(channel, address)
    try:
        return patients | outside.registry.patients_at(call, address)
    except (Unavailable, DeadlineExceeded, Remote):
        return patients


def _tell(call: Call, reply_id: UUID, patients: set[UUID], channel: Channel, *, granted: bool) -> None:
    if patients:
        call.emit(published.consent_changed(reply_id, patients, channel, call.now, granted=granted))
