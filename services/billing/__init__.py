"""Billing: charges, claims, remittances, denials, statements and the ledger of a clinic network."""
