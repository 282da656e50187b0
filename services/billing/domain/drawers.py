"""Counting a cash drawer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DrawerCount:
    """What a drawer should hold and what was found, in minor units. The float stays in the drawer, the rest is
    deposited.
    """

    opening_float_minor: int
    cash_received_minor: int
    cash_refunded_minor: int
    checks_received_minor: int
    counted_cash_minor: int
    counted_checks_minor: int

    @property
    def expected_cash_minor(self) -> int:
        return self.opening_float_minor + self.cash_received_minor - self.cash_refunded_minor

    @property
    def over_short_minor(self) -> int:
        """Counted − expected, cash and checks together; positive: too much."""
        return (
            self.counted_cash_minor - self.expected_cash_minor + self.counted_checks_minor - self.checks_received_minor
        )

    @property
    def cash_deposit_minor(self) -> int:
        """What goes to the bank: the count less the float. Negative when the float itself had to be used."""
        return self.counted_cash_minor - self.opening_float_minor
