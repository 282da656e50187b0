"""What questions to payers (270, 276) have in common: who is asked, and who asks."""

from __future__ import annotations

from billing.domain.x12.elements import plain_text
from billing.domain.x12.writer import InterchangeWriter, identifier


def write_payer(writer: InterchangeWriter, name: str, payer_id: str) -> None:
    """NM1*PR: the payer by its X12 id (loop 2100A of 005010X279A1 and 005010X212)."""
    _organisation(writer, "PR", name, "PI", identifier(payer_id, 2, 80, "the payer id"))


def write_provider(writer: InterchangeWriter, name: str, npi: str) -> None:
    """NM1*1P: who asks, by NPI (loop 2100B of 005010X279A1, 2100C of 005010X212)."""
    _organisation(writer, "1P", name, "XX", identifier(npi, 10, 10, "the NPI"))


def _organisation(writer: InterchangeWriter, role: str, name: str, qualifier: str, code: str) -> None:
    writer.segment("NM1", role, "2", plain_text(name, 60), "", "", "", "", qualifier, code)
