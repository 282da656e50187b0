"""835 sets: registered with their proof when a file is read, posted each once and in one transaction."""

from __future__ import annotations

from uuid import UUID

from billing.domain.codec import to_json
from billing.domain.posting import Deposit
from billing.domain.x12.reader import TransactionSet
from billing.domain.x12.remittance import RemittanceHeader
from billing.domain.x12.remittance_proof import Proof, ProofResult
from billing.domain.x12.remittance_reader import RemittanceReader
from billing.store import Store
from billing.tables_claims import InboundFile, Remittance
from billing.usecases import journals, ledger, work_items
from chassis.call import Call

POST_DUE = "remittance.post"
# TRN03 of what people key.
KEYED = "KEYED"
# Of how many claims the payer is asked when the set does not name one that we know.
PAYER_SAMPLE = 50


def register(
    call: Call,
    store: Store,
    file: InboundFile,
    index: int,
    transaction: TransactionSet,
    in_place_of: Remittance | None = None,
) -> Remittance:
    """Proves a set while it streams by, and keeps it: proved sets are planned for posting, others refused whole.

    A refused set's deposit is booked as unapplied (the money is in the bank) and a person is told. The same set in
    another file is known by its identity and its content and changes nothing; one that had been refused and comes
    mended (again from the payer, or keyed by a person `in_place_of` it) takes its place and its deposit. Raises
    SetRefused (unreadable).
    """
    reader = RemittanceReader(transaction)
    proof = Proof(reader.header)
    controls: list[str] = []
    for claim in reader.claims():
        proof.add(claim)
        if len(controls) < PAYER_SAMPLE:
            controls.append(claim.claim_control)
    header, result = reader.header, proof.close(reader.provider_adjustments)
    known = in_place_of or store.remittance_by_key(header.identity)
    if known is not None and (known.state != "refused" or known.content_hash == reader.content_hash):
        if known.content_hash != reader.content_hash:
            _tell_conflict(call, store, file, known, header)
        return known
    payer_id = _payer_of(store, header, controls)
    reason, ours = _why_not(store, header, result, payer_id)
    if known is not None and reason:
        return known  # Refused again: the work item that there is stays.
    row = known or Remittance(id=call.new_id(), set_key=header.identity, journal_id=None)
    row.content_hash, row.inbound_file_id, row.set_index = reader.content_hash, file.id, index
    row.payer_id, row.payer_name, row.trace, row.method = payer_id, header.payer_name, header.trace, header.method
    row.paid_on, row.payment_minor = header.paid_on, header.payment_minor
    row.claims_paid_minor, row.provider_adjustments_minor = result.claims_paid_minor, result.provider_adjustments_minor
    row.claim_count, row.oddities = result.claims, list(reader.oddities)
    row.imbalances = [{**to_json(i), "difference_minor": i.difference_minor} for i in result.imbalances]
    row.state, row.reason, row.received_at, row.posted_at = "proved", "", call.now, None
    store.add(row)
    if known is not None:
        item = store.work_item_by_key("refused_remittance", known.set_key)
        work_items.settle(call, [item] if item is not None else [], "came mended")
    elif reason:
        _refuse(call, store, row, reason, header, book=ours)
        return row
    call.due.at(POST_DUE, row.id, call.now)
    return row


def deposit_of(call: Call, store: Store, row: Remittance) -> Deposit:
    """The set's payment as the ledger takes it."""
    return Deposit(
        set_key=row.set_key,
        payer_id=row.payer_id,
        payer_name=row.payer_name,
        trace=row.trace,
        method=row.method,
        paid_on=row.paid_on or journals.local_day(call, store, None),
        amount_minor=row.payment_minor,
    )


def _why_not(store: Store, header: RemittanceHeader, result: ProofResult, payer_id: UUID | None) -> tuple[str, bool]:
    """(Why the set is not posted, whether its money is ours); ('', True) when it is posted."""
    if not _is_ours(store, header):
        return f"the payee {header.payee_id or header.payee_name} is none of ours", False
    if not result.balances:
        return str(result.imbalances[0]), result.payment_minor > 0 and header.credit
    if payer_id is None:
        return f"no payer of ours is called {header.payer_name} or {', '.join(header.payer_ids)}", True
    if header.originator != KEYED and store.keyed_remittance(payer_id, header.trace, header.payment_minor) is not None:
        return f"a person has keyed the payment {header.trace} already", False
    return "", True


def _is_ours(store: Store, header: RemittanceHeader) -> bool:
    """Whether N1*PE names one of our billing entities or locations (NPI or tax id); a set that names none is taken."""
    if not header.payee_id:
        return True
    locations = store.locations()
    entities = [store.billing_entity(entity_id) for entity_id in {location.billing_entity_id for location in locations}]
    known = {location.npi for location in locations}
    known |= {number for entity in entities if entity for number in (entity.npi, entity.tax_id)}
    return header.payee_id in known


def _payer_of(store: Store, header: RemittanceHeader, controls: list[str]) -> UUID | None:
    """The payer by its X12 id or our code, else by name, else the one payer of the claims that are answered."""
    payers = store.payers()
    ids = {*header.payer_ids, header.originator, header.originator[1:]}
    for payer in payers:
        if payer.x12_payer_id in ids or payer.code in ids:
            return payer.payer_id
    named = [payer for payer in payers if payer.name.casefold() == header.payer_name.casefold()]
    if len(named) == 1:
        return named[0].payer_id
    of_claims = {claim.payer_id for claim in store.claims_by_control(controls).values()}
    return of_claims.pop() if len(of_claims) == 1 else None


def _refuse(call: Call, store: Store, row: Remittance, reason: str, header: RemittanceHeader, *, book: bool) -> None:
    row.state, row.reason = "refused", reason
    store.session.flush()
    if book and row.payment_minor > 0:
        row.journal_id = ledger.book_unapplied(call, store, deposit_of(call, store, row), reason)
    work_items.open_item(
        call,
        store,
        kind="refused_remittance",
        key=row.set_key,
        title=f"Remittance {header.trace} of {header.payer_name} was refused whole",
        payer_id=row.payer_id,
        remittance_id=row.id,
        amount_minor=row.payment_minor,
        detail={"reason": reason},
    )


def _tell_conflict(call: Call, store: Store, file: InboundFile, known: Remittance, header: RemittanceHeader) -> None:
    work_items.open_item(
        call,
        store,
        kind="remittance_conflict",
        key=f"{known.set_key}:{file.id}",
        title=f"Remittance {header.trace} came again with other content",
        payer_id=known.payer_id,
        remittance_id=known.id,
        amount_minor=header.payment_minor,
        detail={"file": file.name, "reason": "the same payment was received before with different claims"},
    )
