"""Which claims are offered for an answer that fits none; whether one fits is billing's to say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.console.remittances import fits


def claim(charge: int = 15500, state: str = "sent", control: str = "C1", payer_control: str = "") -> Any:
    """A claim as a list has it."""
    return SimpleNamespace(
        charge=SimpleNamespace(minor_units=charge), state=state, control=control, payer_control=payer_control
    )


def answer(charge: int = 15500, control: str = "") -> Any:
    """An answer of a remittance that waits for its claim."""
    return SimpleNamespace(charge=SimpleNamespace(minor_units=charge), claim_control=control)


@pytest.mark.parametrize(
    ("said", "ours", "offered"),
    [
        (answer(), claim(), True),
        (answer(15501), claim(), False),
        (answer(1, "c1 "), claim(), True),
        (answer(1, "P7"), claim(payer_control="P7"), True),
        (answer(), claim(state="draft"), False),
        (answer(), claim(state="voided"), False),
        (answer(1, ""), claim(control=""), False),
    ],
)
def test_claims_that_are_offered(said: Any, ours: Any, offered: bool) -> None:
    """Offered is what was sent and billed the same, or bears the answer's number; never what no payer has seen."""
    assert fits(said, ours) is offered
