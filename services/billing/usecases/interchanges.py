"""Envelopes of what we send: who we are to the clearinghouse, and control numbers that never repeat."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing.domain.x12.envelope import Separators
from billing.domain.x12.writer import EnvelopeData
from billing.store import Store
from chassis.call import Call

SERIES = "x12_interchange"


@dataclass(frozen=True, slots=True)
class TradingPartner:
    """Our and the clearinghouse's ids (ISA05–08, NM1*41, NM1*40)."""

    submitter_id: str
    receiver_id: str
    receiver_name: str
    production: bool
    qualifier: str = "ZZ"
    separators: Separators = field(default_factory=Separators)


def next_interchange_control(store: Store) -> int:
    """ISA13 and GS06 of the next interchange to the clearinghouse: files and real-time questions share the series.

    ISA13 has nine digits: a file a second for thirty years.
    """
    return store.next_number(SERIES)


def envelope(call: Call, partner: TradingPartner, control: int) -> EnvelopeData:
    """The envelope of an interchange written now (UTC)."""
    return EnvelopeData(
        sender_qualifier=partner.qualifier,
        sender_id=partner.submitter_id,
        receiver_qualifier=partner.qualifier,
        receiver_id=partner.receiver_id,
        control=control,
        written_at=call.now,
        production=partner.production,
        separators=partner.separators,
    )
