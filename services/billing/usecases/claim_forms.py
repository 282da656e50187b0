"""Claims on paper: the CMS-1500 of one claim, and a batch of them for a payer that takes nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from billing.adapters.claim_paper import claim_forms
from billing.domain.cms1500 import pages_of
from billing.domain.x12.professional_claim import ProfessionalClaim
from billing.store import Store
from billing.tables_claims import Claim
from billing.usecases.claims import local_day
from billing.usecases.scrubbing import content_of
from chassis.call import Call
from chassis.errors import FailedPrecondition, NotFound


def form_of(call: Call, claim_id: UUID, *, with_form: bool) -> bytes:
    """One claim as PDF, as it was written last. Raises NotFound, FailedPrecondition (not written yet)."""
    store = Store(call.session)
    claim = store.need(Claim, claim_id, "claim")
    if call.principal.location_ids and claim.location_id not in call.principal.location_ids:
        raise NotFound("claim")
    call.touch(claim.patient_id)
    content = content_of(claim)
    if content is None:
        raise FailedPrecondition("The claim has not been written yet.")
    return forms_of([content], claim.sent_on or local_day(call, store, claim), with_form=with_form)


def forms_of(claims: Sequence[ProfessionalClaim], written_on: date, *, with_form: bool) -> bytes:
    """Many claims in one PDF, each on sheets of its own."""
    pages = [page for claim in claims for page in pages_of(claim, written_on)]
    return claim_forms(pages, with_form=with_form)
