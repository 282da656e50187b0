"""The words and signs of the console for values of the contracts: value → (sign, kind of chip, word)."""

from __future__ import annotations

from polyclinic.billing.v1 import encounters_pb2, ledger_pb2, payers_pb2, payments_pb2
from polyclinic.identity.v1 import identity_pb2
from polyclinic.notifications.v1 import notifications_pb2
from polyclinic.patient_registry.v1 import events_pb2 as registry_events
from polyclinic.patient_registry.v1 import patient_registry_pb2 as registry
from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.scheduling.v1 import scheduling_pb2 as scheduling
from polyclinic.telehealth.v1 import telehealth_pb2
from polyclinic.types.v1 import types_pb2

from gateway.web.i18n import N_

Known = dict[int, tuple[str, str, str]]

STATUS: Known = {
    scheduling_events.APPOINTMENT_STATUS_BOOKED: ("○", "", N_("Booked")),
    scheduling_events.APPOINTMENT_STATUS_CONFIRMED: ("●", "info", N_("Confirmed")),
    scheduling_events.APPOINTMENT_STATUS_ARRIVED: ("▸", "warn", N_("Arrived")),
    scheduling_events.APPOINTMENT_STATUS_CHECKED_IN: ("✓", "good", N_("Checked in")),
    scheduling_events.APPOINTMENT_STATUS_ROOMED: ("⌂", "violet", N_("In room")),
    scheduling_events.APPOINTMENT_STATUS_SEEN: ("◆", "violet", N_("With clinician")),
    scheduling_events.APPOINTMENT_STATUS_CHECKED_OUT: ("■", "", N_("Out")),
    scheduling_events.APPOINTMENT_STATUS_CANCELLED: ("×", "bad", N_("Cancelled")),
    scheduling_events.APPOINTMENT_STATUS_NO_SHOW: ("∅", "bad", N_("No-show")),
    scheduling_events.APPOINTMENT_STATUS_LEFT: ("↩", "bad", N_("Left unseen")),
}
ENCOUNTER: Known = {
    encounters_pb2.ENCOUNTER_STATE_EXPECTED: ("○", "", N_("Expected")),
    encounters_pb2.ENCOUNTER_STATE_OPEN: ("✎", "warn", N_("To be signed")),
    encounters_pb2.ENCOUNTER_STATE_SIGNED: ("✓", "good", N_("Signed")),
    encounters_pb2.ENCOUNTER_STATE_NO_CHARGE: ("–", "", N_("No charge")),
    encounters_pb2.ENCOUNTER_STATE_CANCELLED: ("×", "bad", N_("Cancelled")),
    encounters_pb2.ENCOUNTER_STATE_IN_REVIEW: ("◐", "info", N_("In review")),
}
PAYMENT: Known = {
    payments_pb2.PAYMENT_STATE_PENDING: ("…", "warn", N_("Waiting for the card")),
    payments_pb2.PAYMENT_STATE_RECEIVED: ("✓", "good", N_("Received")),
    payments_pb2.PAYMENT_STATE_DECLINED: ("×", "bad", N_("Declined")),
    payments_pb2.PAYMENT_STATE_REVERSED: ("↩", "bad", N_("Taken back")),
    payments_pb2.PAYMENT_STATE_DISPUTED: ("!", "bad", N_("Disputed")),
}
CLAIM: dict[str, tuple[str, str, str]] = {
    "draft": ("○", "", N_("Draft")),
    "held": ("‖", "warn", N_("Held")),
    "ready": ("▸", "info", N_("Ready to send")),
    "sent": ("→", "info", N_("Sent")),
    "received": ("→", "info", N_("Received")),
    "accepted": ("✓", "accent", N_("Accepted")),
    "rejected": ("×", "bad", N_("Rejected")),
    "pended": ("…", "warn", N_("Pended")),
    "paid": ("✓", "good", N_("Paid")),
    "denied": ("×", "bad", N_("Denied")),
    "closed": ("■", "", N_("Closed")),
    "voided": ("–", "", N_("Voided")),
}
REMITTANCE: dict[str, tuple[str, str, str]] = {
    "proved": ("✓", "info", N_("Proved, waits for posting")),
    "posted": ("✓", "good", N_("Posted")),
    "refused": ("×", "bad", N_("Refused")),
}
OUTCOME: dict[str, tuple[str, str, str]] = {
    "paid": ("✓", "good", N_("Paid")),
    "denied": ("×", "bad", N_("Denied")),
    "reversed": ("↩", "warn", N_("Reversed")),
    "reversal_unmatched": ("?", "warn", N_("Reversal without a claim")),
    "noted": ("–", "", N_("Noted")),
    "unmatched": ("?", "warn", N_("Fits no claim")),
}
ELIGIBILITY: dict[str, tuple[str, str, str]] = {
    "active": ("✓", "good", N_("Active")),
    "inactive": ("×", "bad", N_("Not active")),
    "rejected": ("!", "warn", N_("Refused by the payer")),
    "unknown": ("?", "warn", N_("Payer could not say")),
    "": ("…", "", N_("Not answered yet")),
}
FILE: dict[str, tuple[str, str, str]] = {
    "received": ("▸", "info", N_("Received")),
    "processed": ("✓", "good", N_("Processed")),
    "refused": ("×", "bad", N_("Refused")),
    "committed": ("○", "", N_("Written")),
    "sent": ("→", "info", N_("Sent")),
    "accepted": ("✓", "good", N_("Accepted")),
    "partly_accepted": ("!", "warn", N_("Partly accepted")),
    "rejected": ("×", "bad", N_("Rejected")),
}
DRAWER: Known = {
    payments_pb2.DRAWER_STATE_OPEN: ("○", "good", N_("Open")),
    payments_pb2.DRAWER_STATE_CLOSED: ("■", "", N_("Closed")),
}
MESSAGE: Known = {
    notifications_pb2.MESSAGE_STATUS_INTENDED: ("…", "", N_("Waiting")),
    notifications_pb2.MESSAGE_STATUS_SENT: ("→", "info", N_("Sent")),
    notifications_pb2.MESSAGE_STATUS_DELIVERED: ("✓", "good", N_("Delivered")),
    notifications_pb2.MESSAGE_STATUS_FAILED: ("×", "bad", N_("Failed")),
    notifications_pb2.MESSAGE_STATUS_SUPPRESSED: ("∅", "warn", N_("Opted out")),
    notifications_pb2.MESSAGE_STATUS_WITHDRAWN: ("↩", "", N_("Withdrawn")),
}
REPLY: dict[int, str] = {
    notifications_pb2.REPLY_MEANING_CONFIRM: N_("Confirms"),
    notifications_pb2.REPLY_MEANING_RESCHEDULE: N_("Wants another time"),
    notifications_pb2.REPLY_MEANING_CANCEL_VISIT: N_("Cancels"),
    notifications_pb2.REPLY_MEANING_OPT_OUT: N_("Wants no more messages"),
    notifications_pb2.REPLY_MEANING_OPT_IN: N_("Wants messages again"),
    notifications_pb2.REPLY_MEANING_HELP: N_("Asks for help"),
    notifications_pb2.REPLY_MEANING_CHOICE: N_("Says which visit"),
    notifications_pb2.REPLY_MEANING_NOT_UNDERSTOOD: N_("Needs a person to read it"),
}
VIDEO: Known = {
    telehealth_pb2.SESSION_STATUS_SCHEDULED: ("○", "", N_("Nobody there yet")),
    telehealth_pb2.SESSION_STATUS_WAITING: ("▸", "warn", N_("Somebody waits")),
    telehealth_pb2.SESSION_STATUS_IN_PROGRESS: ("◆", "violet", N_("Under way")),
    telehealth_pb2.SESSION_STATUS_ENDED: ("■", "", N_("Ended")),
    telehealth_pb2.SESSION_STATUS_CANCELLED: ("×", "bad", N_("Cancelled")),
    telehealth_pb2.SESSION_STATUS_NOT_HELD: ("∅", "bad", N_("Not held")),
}
MODALITY: dict[int, str] = {
    types_pb2.MODALITY_IN_PERSON: N_("In person"),
    types_pb2.MODALITY_VIDEO: N_("Video"),
    types_pb2.MODALITY_PHONE: N_("Phone"),
}
SEX: dict[int, str] = {
    types_pb2.SEX_FEMALE: N_("Female"),
    types_pb2.SEX_MALE: N_("Male"),
    types_pb2.SEX_OTHER: N_("Other"),
    types_pb2.SEX_UNKNOWN: N_("Not known"),
    types_pb2.SEX_UNSPECIFIED: N_("Not said"),
}
CONTACT: dict[int, str] = {
    registry.CONTACT_KIND_MOBILE: N_("Mobile"),
    registry.CONTACT_KIND_LANDLINE: N_("Home phone"),
    registry.CONTACT_KIND_WORK_PHONE: N_("Work phone"),
    registry.CONTACT_KIND_EMAIL: N_("E-mail"),
}
CHANNEL: dict[int, str] = {
    registry.CONTACT_CHANNEL_EMAIL: N_("E-mail"),
    registry.CONTACT_CHANNEL_SMS: N_("Text"),
    registry.CONTACT_CHANNEL_VOICE: N_("Call"),
    registry.CONTACT_CHANNEL_POST: N_("Post"),
}
PURPOSE: dict[int, str] = {
    registry.CONTACT_PURPOSE_VISIT: N_("Visits"),
    registry.CONTACT_PURPOSE_BILLING: N_("Bills"),
    registry.CONTACT_PURPOSE_OUTREACH: N_("News and recalls"),
}
RELATION: dict[int, str] = {
    registry.RELATIONSHIP_MOTHER: N_("Mother"),
    registry.RELATIONSHIP_FATHER: N_("Father"),
    registry.RELATIONSHIP_PARENT: N_("Parent"),
    registry.RELATIONSHIP_SPOUSE: N_("Spouse"),
    registry.RELATIONSHIP_CHILD: N_("Child"),
    registry.RELATIONSHIP_SIBLING: N_("Sibling"),
    registry.RELATIONSHIP_GRANDPARENT: N_("Grandparent"),
    registry.RELATIONSHIP_GUARDIAN: N_("Guardian"),
    registry.RELATIONSHIP_PARTNER: N_("Partner"),
    registry.RELATIONSHIP_FRIEND: N_("Friend"),
    registry.RELATIONSHIP_OTHER: N_("Other"),
}
SUBSCRIBER: dict[int, str] = {
    registry.SUBSCRIBER_RELATION_SELF: N_("Self"),
    registry.SUBSCRIBER_RELATION_SPOUSE: N_("Spouse"),
    registry.SUBSCRIBER_RELATION_CHILD: N_("Child"),
    registry.SUBSCRIBER_RELATION_OTHER: N_("Other"),
}
COVERAGE_KIND: dict[int, str] = {
    registry_events.COVERAGE_KIND_HEALTH: N_("Health"),
    registry_events.COVERAGE_KIND_AUTO: N_("Auto accident"),
    registry_events.COVERAGE_KIND_WORKERS_COMP: N_("Workers' compensation"),
    registry_events.COVERAGE_KIND_EMPLOYER: N_("Employer pays"),
}
PRIORITY = {1: N_("Primary"), 2: N_("Secondary"), 3: N_("Tertiary")}
RESPONSIBILITY = {"P": N_("Primary"), "S": N_("Secondary"), "T": N_("Tertiary")}
GRADE: dict[int, tuple[str, str, str]] = {
    registry.MATCH_GRADE_CERTAIN: ("!", "bad", N_("The same person")),
    registry.MATCH_GRADE_LIKELY: ("!", "warn", N_("Likely the same person")),
    registry.MATCH_GRADE_POSSIBLE: ("?", "info", N_("Perhaps the same person")),
}
CANCELLATION: dict[int, str] = {
    scheduling.CANCELLATION_REASON_PATIENT: N_("The patient"),
    scheduling.CANCELLATION_REASON_PRACTITIONER: N_("The clinician"),
    scheduling.CANCELLATION_REASON_LOCATION: N_("The location"),
    scheduling.CANCELLATION_REASON_WEATHER: N_("Weather"),
    scheduling.CANCELLATION_REASON_INSURANCE: N_("Insurance"),
    scheduling.CANCELLATION_REASON_DUPLICATE: N_("Booked twice"),
    scheduling.CANCELLATION_REASON_DECEASED: N_("The patient has died"),
    scheduling.CANCELLATION_REASON_OTHER: N_("Another reason"),
}
EXCEPTION: dict[int, str] = {
    scheduling.SCHEDULE_EXCEPTION_KIND_CLOSED: N_("Closed"),
    scheduling.SCHEDULE_EXCEPTION_KIND_OPEN_EXTRA: N_("Open besides"),
    scheduling.SCHEDULE_EXCEPTION_KIND_OUT_OF_OFFICE: N_("Out of office"),
}
WEEKDAY = {
    1: N_("Monday"),
    2: N_("Tuesday"),
    3: N_("Wednesday"),
    4: N_("Thursday"),
    5: N_("Friday"),
    6: N_("Saturday"),
    7: N_("Sunday"),
}
METHOD: dict[int, str] = {
    payments_pb2.PAYMENT_METHOD_CASH: N_("Cash"),
    payments_pb2.PAYMENT_METHOD_CHECK: N_("Check"),
    payments_pb2.PAYMENT_METHOD_CARD: N_("Card"),
    ledger_pb2.TENDER_KIND_INSURANCE: N_("Insurance"),
    payments_pb2.PAYMENT_METHOD_AGENCY: N_("Collection agency"),
    payments_pb2.PAYMENT_METHOD_OTHER_SYSTEM: N_("Earlier system"),
}
COPAY = {
    "benefits": N_("as the plan says"),
    "no_benefits": N_("the plan has not been asked"),
    "no_coverage": N_("no insurance"),
    "protected": N_("the patient owes no cost sharing (QMB)"),
    "paid": N_("paid already"),
}
MOVEMENT = {
    "charge": N_("Charge"),
    "payer_payment": N_("Insurance paid"),
    "contractual": N_("Contract adjustment"),
    "sequestration": N_("Sequestration"),
    "payer_adjustment": N_("Insurance adjustment"),
    "transfer": N_("To the patient"),
    "patient_payment": N_("Patient paid"),
    "write_off": N_("Written off"),
    "refund": N_("Refund"),
    "reversal": N_("Taken back"),
}
WORK = {
    "eligibility": N_("Eligibility"),
    "scrub": N_("Scrub findings"),
    "rejection": N_("Rejected claims"),
    "denial": N_("Denials"),
    "underpaid": N_("Underpaid"),
    "payer_request": N_("Payer asks"),
    "patient_request": N_("Patient's information asked"),
    "not_on_file": N_("Payer has no such claim"),
    "silence": N_("No answer"),
    "batch_refused": N_("Refused files out"),
    "unreadable_file": N_("Unreadable files in"),
    "refused_remittance": N_("Refused remittances"),
    "unmatched_remittance": N_("Payments without a claim"),
    "unmatched_reversal": N_("Reversals without a claim"),
    "remittance_conflict": N_("Contradicting remittances"),
    "later_payer_misinformed": N_("Later payer misinformed"),
    "refund_due": N_("Credits to give back"),
    "refund_failed": N_("Refunds that failed"),
    "card_dispute": N_("Card disputes"),
    "card_refund_outside": N_("Refunds made at the card processor"),
    "collections_review": N_("For collections?"),
    "unapplied_deposit": N_("Deposits not used"),
    "overpaid": N_("Overpaid"),
    "withdraw_claim": N_("Claims to withdraw"),
    "charge_returned": N_("Charges to code anew"),
    "plan_missed": N_("Missed instalments"),
    "plan_broken": N_("Broken payment plans"),
    "estimate_owed": N_("Estimates owed"),
    "estimate_exceeded": N_("Bills above the estimate"),
    "books_differ": N_("Books that differ"),
}
POSTING = {
    "payment": N_("Payment"),
    "contractual": N_("Contract adjustment"),
    "sequestration": N_("Sequestration"),
    "other_adjustment": N_("Other adjustment"),
    "patient_share": N_("Patient's share"),
    "transfer": N_("To the next payer"),
    "denial": N_("Denied"),
    "interest": N_("Interest"),
    "takeback": N_("Taken back by the payer"),
    "unmatched": N_("Waits for a claim"),
}
# CAS01 of an 835 (X12 code list 1033).
GROUP = {
    "CO": N_("contract"),
    "PR": N_("patient"),
    "OA": N_("other"),
    "PI": N_("payer"),
    "CR": N_("correction"),
}
NOTE_CHANNEL = {2: N_("Call"), 3: N_("The payer's portal"), 4: N_("Letter")}
# The families of denials, as billing names them.
DENIAL = {
    "authorisation": N_("Authorisation"),
    "timely_filing": N_("Too late"),
    "medical_necessity": N_("Not held necessary"),
    "modifier": N_("Modifier"),
    "bundled": N_("Bundled"),
    "units": N_("Too many units"),
    "diagnosis": N_("Diagnosis"),
    "procedure_code": N_("Procedure code"),
    "place_of_service": N_("Place of service"),
    "demographics": N_("Age or sex"),
    "member_unknown": N_("Member not known"),
    "not_covered_then": N_("Not covered that day"),
    "wrong_payer": N_("Wrong payer"),
    "other_payer_first": N_("Another payer first"),
    "missing_information": N_("Something missing"),
    "provider": N_("Provider"),
    "enrolment": N_("Enrolment"),
    "duplicate": N_("Duplicate"),
    "documentation": N_("Documents asked for"),
    "non_covered": N_("Not covered"),
    "benefit_limit": N_("Benefit used up"),
}
DENIAL_STATE: dict[str, tuple[str, str, str]] = {
    "open": ("○", "warn", N_("Open")),
    "appealed": ("→", "info", N_("Appealed")),
    "resubmitted": ("→", "info", N_("Sent again")),
    "overturned": ("✓", "good", N_("Overturned")),
    "upheld": ("×", "bad", N_("Upheld")),
    "written_off": ("–", "", N_("Given up")),
}
APPEAL: dict[str, tuple[str, str, str]] = {
    "drafted": ("✎", "warn", N_("Written, not sent")),
    "sent": ("→", "info", N_("Sent")),
    "overturned": ("✓", "good", N_("Overturned")),
    "partly_overturned": ("✓", "accent", N_("Partly overturned")),
    "upheld": ("×", "bad", N_("Upheld")),
}
# The claim adjustment reasons a biller keys most, in our own words (X12 code list 139).
CARC = {
    "1": N_("deductible"),
    "2": N_("coinsurance"),
    "3": N_("copay"),
    "4": N_("modifier missing or does not fit"),
    "11": N_("diagnosis does not fit the service"),
    "16": N_("something is missing in the claim"),
    "18": N_("sent twice"),
    "22": N_("another payer comes first"),
    "23": N_("what the payer before has decided"),
    "26": N_("before the coverage began"),
    "27": N_("after the coverage ended"),
    "29": N_("too late"),
    "31": N_("the patient is not known"),
    "45": N_("above the contract"),
    "50": N_("not held necessary"),
    "59": N_("several procedures at once"),
    "96": N_("not covered"),
    "97": N_("part of another service"),
    "109": N_("another payer's to pay"),
    "119": N_("the plan's most is reached"),
    "151": N_("too many services"),
    "167": N_("diagnosis not covered"),
    "197": N_("authorisation missing"),
    "204": N_("not in the plan"),
    "226": N_("asked for information that did not come"),
    "227": N_("asked the patient for information"),
    "252": N_("an attachment is needed"),
    "253": N_("sequestration"),
}
ROLE: dict[int, str] = {
    identity_pb2.ROLE_OWNER: N_("Owner"),
    identity_pb2.ROLE_PRACTICE_MANAGER: N_("Practice manager"),
    identity_pb2.ROLE_FRONT_DESK: N_("Front desk"),
    identity_pb2.ROLE_SCHEDULER: N_("Scheduler"),
    identity_pb2.ROLE_BILLER: N_("Biller"),
    identity_pb2.ROLE_CLINICIAN: N_("Clinician"),
    identity_pb2.ROLE_NURSE: N_("Nurse"),
    identity_pb2.ROLE_AUDITOR: N_("Auditor"),
    identity_pb2.ROLE_PATIENT: N_("Patient"),
    identity_pb2.ROLE_SERVICE_CLIENT: N_("Program"),
}
PAYER_KIND: dict[int, str] = {
    payers_pb2.PAYER_KIND_MEDICARE_B: "Medicare Part B",
    payers_pb2.PAYER_KIND_MEDICAID: "Medicaid",
    payers_pb2.PAYER_KIND_COMMERCIAL: N_("Commercial"),
    payers_pb2.PAYER_KIND_EMPLOYER: N_("Employer"),
    payers_pb2.PAYER_KIND_SELF_PAY: N_("Self-pay"),
}
FEES: dict[int, str] = {
    payers_pb2.FEE_SCHEDULE_KIND_CHARGE_MASTER: N_("Charges"),
    payers_pb2.FEE_SCHEDULE_KIND_CONTRACT: N_("Contract"),
}
PLACE: dict[int, str] = {
    encounters_pb2.PATIENT_PLACE_HOME: N_("At home"),
    encounters_pb2.PATIENT_PLACE_ELSEWHERE: N_("Elsewhere"),
}
WAITLIST: Known = {
    scheduling.WAITLIST_STATUS_WAITING: ("…", "", N_("Waiting")),
    scheduling.WAITLIST_STATUS_OFFERED: ("▸", "warn", N_("A time is offered")),
    scheduling.WAITLIST_STATUS_BOOKED: ("✓", "good", N_("Booked")),
    scheduling.WAITLIST_STATUS_LEFT: ("–", "", N_("Left the list")),
    scheduling.WAITLIST_STATUS_LAPSED: ("×", "", N_("Too late")),
}
PHI = {"read": N_("read"), "write": N_("changed"), "none": ""}
