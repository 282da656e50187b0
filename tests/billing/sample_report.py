"""What becomes of every 5010 sample file of remittances, statuses, benefits and acknowledgements: the table in docs/guides/x12-samples.md.

`python -m tests.billing.sample_report` writes it anew from the files that POLYCLINIC_SAMPLE_DATA names; a test keeps it true.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID, uuid5

from billing.domain.adjustment_rules import AdjustmentTable
from billing.domain.ledger import proved
from billing.domain.line_matching import ClaimLine
from billing.domain.posting import ClaimToPost, Poster, PostingDecision, unmatched_money
from billing.domain.provider_level import provider_level
from billing.domain.remittance_entries import cash_effect, entries_for
from billing.domain.x12.acknowledgement import read_functional_acknowledgement
from billing.domain.x12.claim_status import read_status
from billing.domain.x12.eligibility_reader import read_eligibility
from billing.domain.x12.errors import InterchangeRefused, SetRefused
from billing.domain.x12.reader import TransactionSet, X12Reader
from billing.domain.x12.remittance import Remittance, RemittanceClaim
from billing.domain.x12.remittance_proof import prove
from billing.domain.x12.remittance_reader import read_remittance
from tests.billing.domain.x12.texts import samples

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "x12-samples.md"
SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
# For answers that name no day of service.
NO_DAY = date(2019, 1, 1)
KINDS = ("270", "271", "276", "277", "835", "837", "999")
HEAD = """# The sample files, and what becomes of each

Every X12 sample of remittances (835), claim statuses (277, 277CA), benefits (271) and acknowledgements (999) that the project is
tried on. Remittances are posted to claims made of their own lines: the decisions bring in exactly what the payer paid, and every
journal balances. Of a file whose envelope is refused nothing takes effect, whatever its sets say. Written by
`python -m tests.billing.sample_report`; with `POLYCLINIC_SAMPLE_DATA` set a test compares it.

| File | Set | What becomes of it |
|---|---|---|
"""


def rows() -> Iterator[tuple[str, str, str]]:
    """(file, set, outcome) of every sample file's sets, and of what refuses the envelope."""
    for path in samples(*KINDS):
        name = f"{path.parent.name}/{path.name}"
        if not any(kind in path.name for kind in ("835", "277", "271", "999")):
            continue
        try:
            for transaction in X12Reader(io.BytesIO(path.read_bytes())).sets():
                yield name, transaction.set_id, outcome_of(transaction)
        except InterchangeRefused as refused:
            yield name, "envelope", f"refused: {refused}"


def outcome_of(transaction: TransactionSet) -> str:
    """What one set becomes."""
    try:
        match transaction.set_id:
            case "835":
                return posted(read_remittance(transaction))
            case "277":
                status = read_status(transaction)
                return f"read: {len(status.claims)} claims, {len(status.levels)} levels"
            case "271":
                answers = list(read_eligibility(transaction))
                return f"read: {len(answers)} answers, {sum(len(one.benefits) for one in answers)} benefits"
            case "999":
                said = read_functional_acknowledgement(transaction)
                accepted = sum(1 for one in said.sets if said.accepted(one.set_control))
                return f"read: {accepted} of {len(said.sets)} sets accepted"
            case _:
                list(transaction.segments())
                return "read: goes out from us, is not expected from a clearinghouse"
    except SetRefused as refused:
        return f"refused: {refused}"


def posted(set_: Remittance) -> str:
    """Whether a set is posted, to claims as its own lines describe them, and what it moves; or why it is refused."""
    proof = prove(set_)
    if not proof.balances:
        return f"refused whole: {proof.imbalances[0]}"
    payer = uuid5(SPACE, set_.header.payer_name or "payer")
    poster = Poster(AdjustmentTable(), {})
    decisions: list[PostingDecision] = []
    outcomes: dict[str, int] = {}
    for number, said in enumerate(set_.claims):
        posting = poster.post(said, claim_of(said, payer, number), ())
        decisions += (
            posting.decisions if posting.decisions or not said.paid_minor else unmatched_money(said, payer, None)
        )
        outcomes[posting.outcome.value] = outcomes.get(posting.outcome.value, 0) + 1
    decisions += [provider_level(entry, payer, None) for entry in set_.provider_adjustments]
    brought = cash_effect(decisions)
    if brought != set_.header.payment_minor:
        raise AssertionError(f"decisions bring {brought}, BPR02 is {set_.header.payment_minor}")
    entries = proved(entry for decision in decisions for entry in entries_for(decision))
    told = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(outcomes.items()))
    level = f", {len(set_.provider_adjustments)} at provider level" if set_.provider_adjustments else ""
    whole, cents = divmod(set_.header.payment_minor, 100)
    return f"posted: {whole}.{cents:02d} in {len(entries)} entries; claims {told}{level}"


def claim_of(said: RemittanceClaim, payer: UUID, number: int) -> ClaimToPost:
    """The claim that an answer would be about."""
    claim_id = uuid5(SPACE, f"{said.claim_control}:{number}")
    lines = tuple(
        ClaimLine(
            uuid5(claim_id, str(at)),
            line.line_control or f"{number}-{at}",
            (line.billed or line.procedure).code,
            (line.billed or line.procedure).modifiers,
            1,
            abs(line.charge_minor),
            line.service_from or said.service_from or NO_DAY,
        )
        for at, line in enumerate(said.lines)
    ) or (ClaimLine(claim_id, f"{number}", "99213", (), 1, abs(said.charge_minor), said.service_from or NO_DAY),)
    first = said.status not in ("2", "3", "20", "21")
    return ClaimToPost(claim_id, said.claim_control, payer, claim_id, claim_id, claim_id, None, first, lines)


def page() -> str:
    """The whole page."""
    return HEAD + "".join(f"| {name} | {set_id} | {outcome.replace('|', ' ')} |\n" for name, set_id, outcome in rows())


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"wrote {PAGE}\n")
