"""A claim's life: its states, what moves it from one to the next, and its number.

draft → (held) → ready → sent → received → accepted → paid | denied → closed. A rejected claim is closed by the one that
goes out in its place: a claim number is used once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ClaimState(StrEnum):
    """Where a claim is. `closed` and `voided` are final."""

    DRAFT = "draft"  # made, not scrubbed yet (or to be scrubbed again)
    HELD = "held"  # scrubbing found something, or a person holds it
    READY = "ready"  # goes out with the next batch
    SENT = "sent"  # in a batch file that is committed
    RECEIVED = "received"  # the clearinghouse or payer has it (999 A, 277CA A0, A1)
    ACCEPTED = "accepted"  # taken into adjudication (277CA A2)
    REJECTED = "rejected"  # returned before adjudication (TA1, 999, 277CA A3, A6–A8)
    PENDED = "pended"  # the payer waits for something (277 P, R)
    PAID = "paid"  # adjudicated, something was allowed
    DENIED = "denied"  # adjudicated, nothing was allowed
    CLOSED = "closed"  # nothing more is expected of this payer
    VOIDED = "voided"  # taken back by a frequency 8, or never sent


class ClaimEvent(StrEnum):
    """What happens to a claim."""

    SCRUBBED_CLEAN = "scrubbed_clean"
    SCRUB_FOUND = "scrub_found"
    HOLD = "hold"
    RELEASE = "release"  # a person lets a held claim go as it is
    RESCRUB = "rescrub"  # something was corrected: judge it again
    BATCHED = "batched"
    CROSSED_OVER = "crossed_over"  # the earlier payer has sent it for us
    ACKNOWLEDGED = "acknowledged"
    ACCEPT = "accept"
    REJECT = "reject"
    PEND = "pend"
    PAYMENT = "payment"
    DENIAL = "denial"
    REVERSAL = "reversal"
    CLOSE = "close"
    VOID = "void"


_S, _E = ClaimState, ClaimEvent
_IN_TRANSIT = (_S.SENT, _S.RECEIVED, _S.ACCEPTED, _S.PENDED)

TRANSITIONS: Mapping[tuple[ClaimState, ClaimEvent], ClaimState] = {
    (_S.DRAFT, _E.SCRUBBED_CLEAN): _S.READY,
    (_S.DRAFT, _E.SCRUB_FOUND): _S.HELD,
    (_S.DRAFT, _E.HOLD): _S.HELD,
    (_S.DRAFT, _E.CROSSED_OVER): _S.RECEIVED,
    (_S.DRAFT, _E.VOID): _S.VOIDED,
    (_S.HELD, _E.RELEASE): _S.READY,
    (_S.HELD, _E.RESCRUB): _S.DRAFT,
    (_S.HELD, _E.VOID): _S.VOIDED,
    (_S.READY, _E.HOLD): _S.HELD,
    (_S.READY, _E.RESCRUB): _S.DRAFT,
    (_S.READY, _E.BATCHED): _S.SENT,
    (_S.READY, _E.VOID): _S.VOIDED,
    (_S.REJECTED, _E.REJECT): _S.REJECTED,
    (_S.REJECTED, _E.VOID): _S.VOIDED,
    # A later and better word of the payer than its front door's.
    (_S.REJECTED, _E.ACCEPT): _S.ACCEPTED,
    **{(state, _E.ACKNOWLEDGED): _S.RECEIVED for state in (_S.SENT, _S.RECEIVED)},
    # A 999 that comes after the 277CA tells nothing new.
    **{(state, _E.ACKNOWLEDGED): state for state in (_S.ACCEPTED, _S.PENDED, _S.PAID, _S.DENIED, _S.CLOSED)},
    **{(state, _E.ACCEPT): _S.ACCEPTED for state in _IN_TRANSIT},
    **{(state, _E.ACCEPT): state for state in (_S.PAID, _S.DENIED, _S.CLOSED)},
    **{(state, _E.REJECT): _S.REJECTED for state in _IN_TRANSIT},
    **{(state, _E.PEND): _S.PENDED for state in _IN_TRANSIT},
    # An 835 is the payer's last word, whatever was heard before.
    **{(state, _E.PAYMENT): _S.PAID for state in (*_IN_TRANSIT, _S.REJECTED, _S.PAID, _S.DENIED)},
    **{(state, _E.DENIAL): _S.DENIED for state in (*_IN_TRANSIT, _S.REJECTED, _S.DENIED)},
    (_S.PAID, _E.DENIAL): _S.PAID,
    (_S.CLOSED, _E.PAYMENT): _S.PAID,
    (_S.CLOSED, _E.DENIAL): _S.DENIED,
    **{(state, _E.REVERSAL): _S.ACCEPTED for state in (_S.PAID, _S.DENIED)},
    # A claim that another one has replaced stays closed when the payer takes its answer back.
    (_S.CLOSED, _E.REVERSAL): _S.CLOSED,
    (_S.ACCEPTED, _E.REVERSAL): _S.ACCEPTED,
    **{
        (state, _E.CLOSE): _S.CLOSED for state in (_S.PAID, _S.DENIED, _S.REJECTED, _S.ACCEPTED, _S.PENDED, _S.RECEIVED)
    },
    **{(state, _E.VOID): _S.VOIDED for state in (_S.PAID, _S.DENIED, _S.ACCEPTED, _S.RECEIVED, _S.PENDED, _S.CLOSED)},
}

# A claim in one of these has its lines: no second primary claim may carry them.
LIVE = frozenset(ClaimState) - {ClaimState.VOIDED}
# Waiting for the payer: what the silence alarm looks at.
AWAITING = frozenset(_IN_TRANSIT)


class IllegalTransition(ValueError):
    """A claim in this state cannot have this happen to it."""

    def __init__(self, state: ClaimState, event: ClaimEvent) -> None:
        super().__init__(f"a claim that is {state} cannot be {event.replace('_', ' ')}")
        self.state = state
        self.event = event


def after(state: ClaimState, event: ClaimEvent) -> ClaimState:
    """The state after the event. IllegalTransition when the table has none."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(state, event) from None


_DIGITS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no I and O: people read these numbers over the telephone


def claim_control(tenant_prefix: str, number: int) -> str:
    """CLM01: the tenant's prefix, the running number in base 34 (eight places), a check character; ≤ 20, never reused.

    The check character catches a single wrong character and most swaps when a number is typed from a letter.
    """
    places = []
    rest = number
    for _ in range(8):
        rest, digit = divmod(rest, len(_DIGITS))
        places.append(_DIGITS[digit])
    if rest:
        raise ValueError("claim numbers of this tenant are used up")
    body = tenant_prefix + "".join(reversed(places))
    return body + check_character(body)


def check_character(body: str) -> str:
    """Luhn's algorithm mod 34 over the characters of `body`; characters outside the alphabet count as 0."""
    total, factor = 0, 2
    for character in reversed(body):
        value = max(_DIGITS.find(character), 0) * factor
        total += value // len(_DIGITS) + value % len(_DIGITS)
        factor = 3 - factor
    return _DIGITS[-total % len(_DIGITS)]
