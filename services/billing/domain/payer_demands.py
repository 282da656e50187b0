"""What a payer demands before a claim, and allows to be asked of its patients; part of its dated rules."""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.procedure_ranges import names


@dataclass(frozen=True, slots=True)
class PayerDemands:
    """One period's demands; procedures are codes or ranges of codes."""

    # Claims of a practitioner who is not enrolled with the payer on the day are held.
    requires_enrolment: bool = False
    # Every visit needs a referral (REF*9F).
    requires_referral: bool = False
    # Services that need a prior authorisation (REF*G1).
    authorisation_procedures: tuple[str, ...] = ()
    # Services that need the drug's NDC (loop 2410).
    ndc_procedures: tuple[str, ...] = ()
    # What a patient owes for a late cancellation, minor units; None: nothing may be asked.
    late_cancel_fee_minor: int | None = None
    # As above, for a visit that was missed.
    no_show_fee_minor: int | None = None
    # Takes no claims of frequency 7 (replacement): a correction is a new claim.
    no_replacement_claims: bool = False
    # Takes no claims of frequency 8 (void): somebody has to ask it to withdraw a claim.
    no_void_claims: bool = False
    # Takes claims on paper only (CMS-1500).
    paper_claims: bool = False
    # Days after sending until a claim's status is asked for (276), and again from then on; 0: only when it has been silent too long.
    status_inquiry_days: int = 0
    # Takes 270s by file: what is asked ahead of visits goes out in one file.
    batch_eligibility: bool = False

    def authorises(self, procedure: str) -> bool:
        """Whether the service needs an authorisation."""
        return names(self.authorisation_procedures, procedure)

    def asks_ndc(self, procedure: str) -> bool:
        """Whether the service needs an NDC."""
        return names(self.ndc_procedures, procedure)
