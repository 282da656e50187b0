"""What billing refuses, beyond the chassis's general errors: one class = one stable public reason."""

from __future__ import annotations

from chassis.errors import AlreadyExists, Conflict, FailedPrecondition


class PricesInUse(AlreadyExists):
    reason = "PRICES_IN_USE"
    message = "Charges were made from this version of the price list; add a version that starts later."


class NoPrice(FailedPrecondition):
    reason = "NO_PRICE"
    message = "A service has no price on that day."


class TelehealthFactsMissing(FailedPrecondition):
    reason = "TELEHEALTH_FACTS_MISSING"
    message = "Say where the patient was and whether there was video: no record of the session says so."


class DrawerAlreadyOpen(Conflict):
    reason = "DRAWER_ALREADY_OPEN"
    message = "You have an open drawer at this location already."


class NoOpenDrawer(FailedPrecondition):
    reason = "NO_OPEN_DRAWER"
    message = "Open your drawer at this location first."


class DrawersOpen(FailedPrecondition):
    reason = "DRAWERS_OPEN"
    message = "Some drawers of that day are not counted yet."


class DayClosed(FailedPrecondition):
    reason = "DAY_CLOSED"
    message = "The books of that day are closed."


class RefundExceedsUnapplied(FailedPrecondition):
    reason = "REFUND_EXCEEDS_UNAPPLIED"
    message = "Only money that is not used on charges can be refunded."


class ExceedsBalance(FailedPrecondition):
    reason = "EXCEEDS_BALANCE"
    message = "That is more than is owed."


class ClaimStateForbids(FailedPrecondition):
    reason = "CLAIM_STATE_FORBIDS"
    message = "A claim in this state cannot be changed so."


class RemittanceKnown(AlreadyExists):
    reason = "REMITTANCE_KNOWN"
    message = "This payment is there already: the same payer, trace and amount."


class StalePreview(FailedPrecondition):
    reason = "STALE_PREVIEW"
    message = "Something has happened to these claims since they were looked at; look again."


class PlanActive(Conflict):
    reason = "PLAN_ACTIVE"
    message = "The guarantor has a payment plan already."


class NothingOwed(FailedPrecondition):
    reason = "NOTHING_OWED"
    message = "Nothing is owed that could be paid in instalments."


class DepositKnown(AlreadyExists):
    reason = "DEPOSIT_KNOWN"
    message = "That line of the bank is keyed already."


class NothingToMail(FailedPrecondition):
    reason = "NOTHING_TO_MAIL"
    message = "No statement is due for paper."
