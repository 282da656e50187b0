"""What must hold after each trouble: the day's invariants of every tenant, and the bars of the trouble itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import psycopg

from infra.chaos.bus import Bus
from infra.chaos.clinics import Clinic
from infra.chaos.trouble import RECOVERY_BAR_SECONDS, Course, Trouble
from infra.chaos.watch import CLEAN, NO_ANSWER, Answer
from infra.day.client import ApiError
from infra.day.context import Day
from infra.day.invariants import Finding, Proof, audit, claims, events, ledger, messages, proofs
from infra.local.servers import SERVICES

# What somebody who should feel nothing may wait at most; the machine is small and busy.
LONGEST_WAIT_SECONDS: Final = 5.0
# Two desks that want one row may tell one of them to come again, whoever is hurt elsewhere: one clean 503 in 500 is no trouble's.
STRAY_SHARE: Final = 1 / 500
# Asked of the whole installation, so once is enough.
OF_ALL: Final[tuple[Proof, ...]] = (
    messages.each_reminder_reached_its_provider_once,
    claims.claim_files_are_unique,
    claims.every_claim_is_complete_or_waits,
    claims.every_remittance_balances_or_was_refused,
    claims.remitted_money_is_in_the_books,
    claims.outside_judge_accepts_every_file,
    ledger.cards_were_charged_once,
    *events.PROOFS,
)
WRITTEN: Final = "SELECT DISTINCT message_id::text AS message_id FROM outbox WHERE subject LIKE 'polyclinic.%%'"
# Files do not change once they are written: their judge, who takes longest, is heard at the end.
AT_THE_END: Final[tuple[Proof, ...]] = (claims.outside_judge_accepts_every_file,)
# A tenant's whole past is looked at by SQL; one visit after the other only those since the last time.
ONE_BY_ONE: Final[tuple[Proof, ...]] = (messages.every_visit_has_its_reminders,)


class Judge:
    """Asks the proofs; remembers which events operators have had told again, because those may lie in a stream twice."""

    def __init__(self, clinics: list[Clinic], bus: Bus) -> None:
        self._clinics = clinics
        self._bus = bus
        self._told_again: set[str] = set()

    def prove(self, *, at_the_end: bool = False, told_again: bool = False) -> list[Finding]:
        """All proofs of all tenants. Everything must stand still.

        ``told_again``: an operator has had events published again since the last time.
        """
        found: list[Finding] = []
        for number, clinic in enumerate(self._clinics):
            recent = clinic.since_last_proof()
            # What the other proofs read is audited, too: so the audit is asked first, while all is told.
            for proof in [*audit.PROOFS, *(each for each in proofs() if each not in audit.PROOFS)]:
                if (number and proof in OF_ALL) or (proof in AT_THE_END and not at_the_end):
                    continue
                finding = asked(proof, recent if proof in ONE_BY_ONE and not at_the_end else clinic.day)
                name = f"{clinic.name}: {finding.name}" if number else finding.name
                found.append(Finding(name, finding.count, finding.failures, finding.may_be_empty))
        return [*found, self._events_come_once(self._clinics[0].day, told_again)]

    def _events_come_once(self, day: Day, told_again: bool) -> Finding:
        """Each stream holds exactly what its service has written: a repetition after a crash was dropped, nothing is missing."""
        failures = []
        total = 0
        for service in SERVICES:
            rows = day.observer.databases.rows(service, WRITTEN, {})
            written = {row["message_id"] for row in rows}
            total += len(written)
            in_stream = Counter(self._bus.message_ids(service.upper()))
            strange = {one for one, times in in_stream.items() if times > 1 or one not in written}
            if told_again:
                self._told_again |= strange
            failures += [
                f"{service}: {what} {len(which)} events, {min(which)} for one"
                for what, which in (
                    ("does not hold", written - in_stream.keys()),
                    ("holds twice, or nobody wrote,", strange - self._told_again),
                )
                if which
            ]
        return Finding("every event is in its stream once", total, failures)


def asked(proof: Proof, day: Day) -> Finding:
    """What a proof says; one that could not even be asked has failed."""
    try:
        return proof(day)
    except (ApiError, OSError, psycopg.Error) as error:
        return Finding(proof.__name__.replace("_", " "), 0, [f"could not be asked: {error}"])


def broken_bars(trouble: Trouble, course: Course, answers: Sequence[Answer]) -> list[str]:
    """Which of the promises a trouble broke, in words; empty when all were kept."""
    broken = list(course.faults)
    if any(seconds > RECOVERY_BAR_SECONDS for seconds in course.recoveries) and not broken:
        broken.append(f"recovery took {max(course.recoveries)} s")
    dirty: Counter[str] = Counter()
    strangers: Counter[str] = Counter()
    for answer in answers:
        if not answer.is_error:
            continue
        if answer.kind != CLEAN and not (answer.kind == NO_ANSWER and trouble.breaks_connections):
            dirty[f"{answer.kind} of {answer.service}.{answer.rpc}"] += 1
        if not felt(trouble, answer):
            strangers[f"{answer.tenant}: {answer.service}.{answer.rpc}"] += 1
    patient = [answer for answer in answers if answer.seconds > LONGEST_WAIT_SECONDS and not felt(trouble, answer)]
    if patient:
        slowest = max(patient, key=lambda answer: answer.seconds)
        broken.append(
            f"{len(patient)} who should have felt nothing waited, the longest {slowest.seconds:.1f} s for {slowest.rpc}"
        )
    if dirty:
        broken.append("errors that are no clean 503: " + told(dirty))
    if strangers.total() > len(answers) * STRAY_SHARE:
        broken.append("errors where nobody should have felt anything: " + told(strangers))
    return broken


def felt(trouble: Trouble, answer: Answer) -> bool:
    """Whether a trouble was meant to be felt by this service and tenant."""
    return answer.service in trouble.may_feel and (not trouble.tenants or answer.tenant in trouble.tenants)


def told(counted: Counter[str]) -> str:
    """A count in words, the most frequent first."""
    return ", ".join(f"{count} × {what}" for what, count in counted.most_common(6))


def wrong(findings: Iterable[Finding], *, at_the_end: bool = False) -> list[Finding]:
    """Those that do not hold. While the work has only begun a proof may find nothing to look at yet."""
    return [finding for finding in findings if finding.failures or (at_the_end and not finding.passed)]
