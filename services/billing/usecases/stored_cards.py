"""Cards on file: the processor's token and what a person recognises the card by."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from billing.store import Store
from billing.tables_plans import StoredCard
from billing.usecases import journals
from chassis.call import Call
from chassis.errors import InvalidInput, NotFound, Violation


def store_card(call: Call, patient_id: UUID, *, token: str, brand: str, last_four: str, expires_on: date) -> StoredCard:
    """Keeps a card; a token that is kept already is the known card. Raises InvalidInput (expired), NotFound (patient)."""
    store = Store(call.session)
    if store.patient(patient_id) is None:
        raise NotFound("patient")
    if expires_on < journals.local_day(call, store, None):
        raise InvalidInput([Violation("expires_on", "the card has expired")])
    known = store.card_by_token(token)
    if known is not None:
        if known.patient_id != patient_id:
            raise InvalidInput([Violation("card_token", "is another guarantor's")])
        return known
    return store.add(
        StoredCard(
            id=call.new_id(),
            patient_id=patient_id,
            token=token,
            brand=brand,
            last_four=last_four,
            expires_on=expires_on,
            agreed_at=call.now,
            agreed_by=call.principal.id,
        )
    )


def list_cards(call: Call, patient_id: UUID, page_size: int, page_token: str) -> tuple[list[StoredCard], str]:
    """A guarantor's cards, the newest first."""
    return Store(call.session).card_page(patient_id, page_size, page_token)


def remove_card(call: Call, card_id: UUID) -> StoredCard:
    """Forgets a card: its token is wiped, plans that it paid are paid by hand. Raises NotFound."""
    store = Store(call.session)
    card = store.lock(StoredCard, card_id, "card")
    if card.removed_at is None:
        card.removed_at, card.token = call.now, f"removed:{card.id}"
        for plan in store.plans_with_card(card.id):
            plan.card_id = None
    store.session.flush()
    return card


def usable(call: Call, store: Store, card_id: UUID, guarantor_id: UUID) -> StoredCard:
    """The guarantor's card, if it may be charged. Raises NotFound, InvalidInput (expired)."""
    card = store.need(StoredCard, card_id, "card")
    if card.removed_at is not None or card.patient_id != guarantor_id:
        raise NotFound("card")
    if card.expires_on < journals.local_day(call, store, None):
        raise InvalidInput([Violation("card_id", "the card has expired")])
    return card
