"""Words of the books and of what happens to claims: value of billing → word."""

from __future__ import annotations

from gateway.web.i18n import N_

# What happens to a claim (`ClaimHappening.event`).
LIFE = {
    "made": N_("Made"),
    "split": N_("A part of it became a claim of its own"),
    "ruled": N_("Changed by the clinic's rules"),
    "taken_over": N_("Taken over from another system"),
    "scrubbed_clean": N_("Checked, nothing found"),
    "scrub_found": N_("Checked, something found"),
    "hold": N_("Held"),
    "release": N_("Released"),
    "rescrub": N_("To be checked again"),
    "batched": N_("Put into a file"),
    "crossed_over": N_("Forwarded by the earlier payer"),
    "acknowledged": N_("Received by the clearinghouse"),
    "accept": N_("Accepted"),
    "reject": N_("Rejected"),
    "pend": N_("Pended"),
    "status": N_("Status told"),
    "payment": N_("The payer has paid"),
    "denial": N_("The payer has denied"),
    "reversal": N_("The payer's answer was taken back"),
    "close": N_("Closed"),
    "void": N_("Voided"),
    "paid": N_("Paid again"),
    "denied": N_("Denied again"),
    "reversed": N_("Reversed"),
    "reversal_unmatched": N_("Reversal without a claim"),
    "noted": N_("Noted"),
    "unmatched": N_("Fits no claim"),
}
# What a journal is of (`Journal.kind`).
JOURNAL = {
    "charge": N_("Charge"),
    "payment": N_("Patient paid"),
    "application": N_("Payment put to services"),
    "payment_reversal": N_("Payment taken back"),
    "refund": N_("Refund"),
    "remittance": N_("Insurance paid"),
    "remittance_transfer": N_("To the patient or the next payer"),
    "unapplied_deposit": N_("Deposit not used"),
    "payer_refund": N_("Refund to a payer"),
    "invoice_payment": N_("Invoice paid"),
    "write_off": N_("Written off"),
    "transfer": N_("To the patient"),
    "reversal": N_("Taken back"),
    "protected": N_("Protected patient"),
    "drawer_close": N_("Drawer counted"),
    "recovery": N_("Came in by a collection agency"),
    "recall": N_("Called back from collections"),
    "dispute": N_("Card dispute"),
    "opening": N_("Opening balance"),
    "adjustment": N_("Adjustment"),
}
# The chart of accounts (`Entry.account`).
ACCOUNT = {
    "cash_drawer": N_("Cash in drawers"),
    "checks_on_hand": N_("Checks on hand"),
    "card_clearing": N_("Card payments in clearing"),
    "bank": N_("Bank deposits"),
    "insurance_deposits": N_("Insurance deposits"),
    "patient_receivable": N_("Receivable from patients"),
    "payer_receivable": N_("Receivable from payers"),
    "takebacks": N_("Payer takebacks"),
    "card_disputes": N_("Card disputes"),
    "unapplied_patient": N_("Unapplied patient payments"),
    "unapplied_insurance": N_("Unapplied insurance deposits"),
    "payer_advances": N_("Payer advances"),
    "charges": N_("Charges"),
    "contractual": N_("Contractual adjustments"),
    "sequestration": N_("Sequestration"),
    "other_payer_adjustment": N_("Other payer adjustments"),
    "write_off_small_balance": N_("Write-offs: small balances"),
    "write_off_courtesy": N_("Write-offs: courtesy"),
    "write_off_charity": N_("Write-offs: charity"),
    "write_off_bad_debt": N_("Write-offs: bad debt"),
    "write_off_timely_filing": N_("Write-offs: filed too late"),
    "write_off_protected": N_("Write-offs: protected patients"),
    "interest_income": N_("Interest from payers"),
    "capitation_income": N_("Capitation"),
    "incentive_income": N_("Incentives from payers"),
    "withholding": N_("Withheld tax"),
    "levy": N_("Levies"),
    "late_filing_reduction": N_("Late filing reductions"),
    "provider_adjustment": N_("Provider-level adjustments"),
    "cash_over_short": N_("Cash over and short"),
    "collection_fees": N_("Collection agencies' fees"),
    "opening_balances": N_("Opening balances"),
}
# What a work item tells besides (`WorkItem.detail`); what is not here is an identifier, for programs.
DETAIL = {
    "advice": N_("What to do"),
    "billed_minor": N_("Billed"),
    "categories": N_("Categories"),
    "claim_control": N_("The claim's number"),
    "code": N_("Code"),
    "codes": N_("Codes"),
    "estimated_minor": N_("Estimated"),
    "exception": N_("Found"),
    "family": N_("Reason"),
    "file": N_("File"),
    "faults": N_("Faults"),
    "fix": N_("What mends it"),
    "journals": N_("Journals"),
    "payer_control": N_("The payer's number"),
    "reason": N_("Because"),
    "remarks": N_("Remarks"),
    "rule": N_("Rule"),
    "state": N_("State"),
    "status": N_("Status"),
    "text": N_("The payer says"),
}
# What a coverage does not say yet (`Coverage.lacking`).
LACKING = {
    "payer_code": N_("the payer"),
    "member_id": N_("the member number"),
    "subscriber": N_("the subscriber"),
}
# Why a card was declined, in the processor's codes.
DECLINE = {
    "insufficient_funds": N_("There is not enough money on the card."),
    "expired_card": N_("The card has expired."),
    "lost_card": N_("The card was reported lost."),
    "stolen_card": N_("The card was reported stolen."),
    "incorrect_cvc": N_("The security code is wrong."),
    "do_not_honor": N_("The bank declined without a reason."),
    "generic_decline": N_("The bank declined without a reason."),
    "card_declined": N_("The bank declined without a reason."),
    "processing_error": N_("The processor stumbled; try again."),
}
# What is wrong with a coverage (`CoverageException` of billing).
COVERAGE_EXCEPTION = {
    "inactive": N_("the coverage is not active"),
    "no_answer": N_("the payer has not answered"),
    "rejected": N_("the payer refused the question"),
    "plan_changed": N_("the plan has changed"),
}
# Why a guarantor gets no statement now.
NO_STATEMENT = {
    "zero": N_("nothing is owed"),
    "credit": N_("the clinic owes the patient"),
    "protected": N_("the patient may not be billed"),
    "small_balance": N_("the balance is too small"),
    "too_soon": N_("the last statement was sent a short time ago"),
    "payment_plan": N_("it is paid in instalments"),
    "held": N_("statements are held"),
    "invoiced": N_("an invoice asks for all of it"),
}
