"""All tables of billing, in one place for migrations; they are defined by noun in `tables_*.py`."""

from __future__ import annotations

from billing import (
    tables_authorisations,
    tables_books,
    tables_charge_capture,
    tables_claim_rules,
    tables_claim_work,
    tables_claims,
    tables_code_sets,
    tables_coding,
    tables_collections,
    tables_cut_over,
    tables_denials,
    tables_directory,
    tables_discounts,
    tables_eligibility,
    tables_enrolments,
    tables_estimates,
    tables_invoices,
    tables_ledger,
    tables_money,
    tables_plans,
)
from billing.tables_base import Base

__all__ = [
    "Base",
    "tables_authorisations",
    "tables_books",
    "tables_charge_capture",
    "tables_claim_rules",
    "tables_claim_work",
    "tables_claims",
    "tables_code_sets",
    "tables_coding",
    "tables_collections",
    "tables_cut_over",
    "tables_denials",
    "tables_directory",
    "tables_discounts",
    "tables_eligibility",
    "tables_enrolments",
    "tables_estimates",
    "tables_invoices",
    "tables_ledger",
    "tables_money",
    "tables_plans",
]
