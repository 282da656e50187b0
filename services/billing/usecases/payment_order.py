"""Who pays for a patient's visit, in which order: an accident's own coverages, then health coverages, until self-pay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from billing.domain.payers import PayerKind, PayerProfile
from billing.store import Store
from billing.tables_claims import Coverage

# Kinds of coverage that pay for an accident's visits before health coverage does, by CLM11.
CASE_KINDS: Mapping[str, tuple[str, ...]] = {"AA": ("auto",), "EM": ("workers_comp", "employer"), "OA": ("auto",)}


def in_force(coverage: Coverage, on: date) -> bool:
    """Whether the coverage holds on the day and its payer is known by code."""
    return (
        bool(coverage.payer_code)
        and (coverage.start_date is None or coverage.start_date <= on)
        and (coverage.end_date is None or on <= coverage.end_date)
    )


class PaymentOrder:
    """The order of payers for many patients of one transaction; what was read once is not read again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._coverages: dict[UUID, list[Coverage]] = {}
        self._payers: dict[tuple[str, date], PayerProfile | None] = {}

    def preload(self, patient_ids: Iterable[UUID]) -> None:
        """Reads the coverages of many patients at once."""
        self._coverages |= self._store.coverages_of_many(set(patient_ids))

    def of(self, patient_id: UUID, on: date, accident: str = "") -> list[tuple[Coverage, PayerProfile]]:
        """Coverages in force with their payers, in order of payment."""
        if patient_id not in self._coverages:
            self._coverages[patient_id] = self._store.coverages_of(patient_id)
        known = [row for row in self._coverages[patient_id] if in_force(row, on)]
        kinds = CASE_KINDS.get(accident, ())
        ordered = [row for row in known if row.kind in kinds] + [row for row in known if row.kind == "health"]
        found: list[tuple[Coverage, PayerProfile]] = []
        for coverage in ordered:
            payer = self.payer(coverage.payer_code, on)
            if payer is None:
                continue
            if payer.kind is PayerKind.SELF_PAY:
                break
            if payer.kind is PayerKind.EMPLOYER:
                # Who pays by invoice pays the whole of it, or nothing: it never follows a claim, and no claim follows it.
                if not found:
                    found.append((coverage, payer))
                    break
                continue
            found.append((coverage, payer))
        return found

    def after(
        self, patient_id: UUID, on: date, coverage_id: UUID, payer_id: UUID, accident: str = ""
    ) -> tuple[Coverage, PayerProfile] | None:
        """The coverage that pays after `coverage_id`, of another payer; None when there is none."""
        order = self.of(patient_id, on, accident)
        ids = [coverage.id for coverage, _ in order]
        following = order[ids.index(coverage_id) + 1 :] if coverage_id in ids else []
        return next((pair for pair in following if pair[1].payer_id != payer_id), None)

    def payer(self, code: str, on: date) -> PayerProfile | None:
        """The payer with the rules of a day."""
        if (code, on) not in self._payers:
            self._payers[code, on] = self._store.payer_by_code(code, on)
        return self._payers[code, on]
