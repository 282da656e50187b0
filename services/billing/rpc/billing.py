"""The servicer of `polyclinic.billing.v1.Billing`; its RPCs are written by noun in this folder."""

from __future__ import annotations

from collections.abc import Container

from billing.adapters.cards import CardProcessor
from billing.rpc.encounters import EncountersRpc
from billing.rpc.ledger import LedgerRpc
from billing.rpc.payers import PayersRpc
from billing.rpc.payments import PaymentsRpc
from billing.rpc.statements import StatementsRpc
from billing.usecases.statements import AddressBook


class BillingRpc(PayersRpc, EncountersRpc, PaymentsRpc, LedgerRpc, StatementsRpc):
    """Payers and prices, visits, payments, the ledger, statements."""

    def __init__(self, billable: Container[str], cards: CardProcessor, address_book: AddressBook) -> None:
        self.billable = billable
        self.cards = cards
        self.address_book = address_book
