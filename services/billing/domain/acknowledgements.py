"""What a TA1, 999, 277CA or 277 means for claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from billing.domain.claims import ClaimEvent
from billing.domain.x12.claim_status import Level, StatusAnswer, StatusReport


@dataclass(frozen=True, slots=True)
class Word:
    """What a status category does to a claim, and the kind of work item it opens ('' for none)."""

    event: ClaimEvent | None
    work: str = ""


# Claim status categories (X12 list 507). The first character decides where no row is more particular.
CATEGORIES: Mapping[str, Word] = {
    "A0": Word(ClaimEvent.ACKNOWLEDGED),  # forwarded to another entity: a clearinghouse's word is not the payer's
    "A1": Word(ClaimEvent.ACKNOWLEDGED),  # received, not yet accepted into adjudication
    "A2": Word(ClaimEvent.ACCEPT),
    "A3": Word(ClaimEvent.REJECT, "rejection"),
    "A4": Word(ClaimEvent.REJECT, "rejection"),  # not found
    "A5": Word(ClaimEvent.ACKNOWLEDGED),  # split
    "A6": Word(ClaimEvent.REJECT, "rejection"),  # missing information
    "A7": Word(ClaimEvent.REJECT, "rejection"),  # invalid information
    "A8": Word(ClaimEvent.REJECT, "rejection"),  # relational field in error
    "P0": Word(ClaimEvent.PEND),
    "P1": Word(ClaimEvent.ACCEPT),  # in process
    "P2": Word(ClaimEvent.PEND),
    "P3": Word(ClaimEvent.PEND, "payer_request"),  # the payer wants something of us
    "P4": Word(ClaimEvent.PEND, "patient_request"),  # of the patient
    "P5": Word(ClaimEvent.PEND),
    "F0": Word(None),  # final: the 835 says how
    "F1": Word(None),
    "F2": Word(None),
    "F3": Word(None),
    "F4": Word(None),
    "D0": Word(None, "not_on_file"),  # the filing alarm
}
BY_FIRST_CHARACTER: Mapping[str, Word] = {
    "R": Word(ClaimEvent.PEND, "payer_request"),
    "F": Word(None),
    "P": Word(ClaimEvent.PEND),
    "E": Word(None),  # an error of the inquiry, not of the claim: asked again later
    "D": Word(None),
}


def word_for(category: str) -> Word:
    """What a category means; unknown ones say nothing."""
    return CATEGORIES.get(category) or BY_FIRST_CHARACTER.get(category[:1], Word(None))


@dataclass(frozen=True, slots=True)
class ClaimWord:
    """What is said about one claim of ours (`control` = CLM01)."""

    control: str
    event: ClaimEvent | None
    work: str
    payer_control: str
    statuses: tuple[str, ...]  # category:code:entity
    text: str


@dataclass(frozen=True, slots=True)
class BatchWord:
    """A rejection above the claims: every claim of the batch (BHT03 = `reference`) that is not named itself."""

    reference: str
    level: str
    provider_npi: str  # when the rejection is of one provider's claims
    statuses: tuple[str, ...]
    text: str


def words_of(answer: StatusAnswer) -> tuple[list[ClaimWord], list[BatchWord]]:
    """What a 277CA or 277 says: per claim, and for whole batches."""
    claims = [
        _claim_word(entry.trace, entry.payer_control, entry.reports, [report for _, report in entry.lines])
        for entry in answer.claims
        if entry.reports
    ]
    batches = [
        BatchWord(
            reference=answer.reference,
            level=level.level,
            provider_npi=level.identifier if level.level == Level.PROVIDER else "",
            statuses=tuple(_statuses(level.reports)),
            text=_text(level.reports),
        )
        for level in answer.levels
        if answer.acknowledgement
        and any(word_for(report.first.category).event is ClaimEvent.REJECT for report in level.reports)
    ]
    return claims, batches


def _claim_word(
    trace: str, payer_control: str, reports: Sequence[StatusReport], line_reports: Sequence[StatusReport]
) -> ClaimWord:
    decisive = max(reports, key=lambda report: _weight(word_for(report.first.category)))
    word = word_for(decisive.first.category)
    return ClaimWord(
        control=trace,
        event=word.event,
        work=word.work,
        payer_control=payer_control,
        statuses=tuple(_statuses([*reports, *line_reports])),
        text=_text(reports),
    )


def _weight(word: Word) -> int:
    """A rejection outweighs a request, a request a pend, a pend a receipt."""
    order = (None, ClaimEvent.ACKNOWLEDGED, ClaimEvent.ACCEPT, ClaimEvent.PEND, ClaimEvent.REJECT)
    return 2 * order.index(word.event) + bool(word.work)


def _statuses(reports: Sequence[StatusReport]) -> Iterator[str]:
    for report in reports:
        yield from (str(status) for status in report.statuses)


def _text(reports: Sequence[StatusReport]) -> str:
    return "; ".join(status.text for report in reports for status in report.statuses if status.text)
