"""The words of messages, the same in proto, code and tables. Values are what the tables hold."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"
    SMS = "sms"


class Trigger(StrEnum):
    """What makes a rule send."""

    BEFORE_VISIT = "before_visit"
    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    WAITLIST_OFFERED = "waitlist_offered"
    STATEMENT_ISSUED = "statement_issued"
    VISIT_DELAYED = "visit_delayed"
    THREAD_MESSAGE = "thread_message"
    FIRST_BOOKED = "first_booked"


class ReminderStatus(StrEnum):
    """How far a planned sending has come."""

    PLANNED = "planned"
    SENT = "sent"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why a planned sending did not become a message."""

    NO_ADDRESS = "NO_ADDRESS"
    NO_CONSENT = "NO_CONSENT"
    SUPPRESSED = "SUPPRESSED"
    PATIENT_SUPPRESSED = "PATIENT_SUPPRESSED"
    QUIET_HOURS = "QUIET_HOURS"
    TIME_PASSED = "TIME_PASSED"
    SUPERSEDED = "SUPERSEDED"
    RECIPIENT_LIMIT = "RECIPIENT_LIMIT"
    NO_TEMPLATE = "NO_TEMPLATE"
    DELIVERY_FAILED = "DELIVERY_FAILED"
    APPOINTMENT_MOVED = "APPOINTMENT_MOVED"
    APPOINTMENT_CANCELLED = "APPOINTMENT_CANCELLED"
    VISIT_BEGAN = "VISIT_BEGAN"
    RULE_CHANGED = "RULE_CHANGED"
    OFFER_SETTLED = "OFFER_SETTLED"


class TestStatus(StrEnum):
    """What became of a test of a template."""

    PLANNED = "planned"
    SENT = "sent"
    FAILED = "failed"


class MessageStatus(StrEnum):
    """What became of a message."""

    INTENDED = "intended"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    WITHDRAWN = "withdrawn"


class SuppressionReason(StrEnum):
    """Why nothing is sent to an address."""

    OPTED_OUT = "opted_out"
    BAD_ADDRESS = "bad_address"
    MANUAL = "manual"


class Meaning(StrEnum):
    """What an answer by text message means."""

    CONFIRM = "confirm"
    RESCHEDULE = "reschedule"
    CANCEL_VISIT = "cancel_visit"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    CHOICE = "choice"
    NOT_UNDERSTOOD = "not_understood"


class Subject(StrEnum):
    """What a planned sending is about."""

    APPOINTMENT = "appointment"
    WAITLIST_OFFER = "waitlist_offer"
    STATEMENT = "statement"
    VISIT_DELAY = "visit_delay"
    THREAD = "thread"
    PATIENT = "patient"


class ThreadKind(StrEnum):
    """Who talks with whom."""

    PATIENT = "patient"
    STAFF = "staff"
    PHONE_NOTE = "phone_note"


class ThreadState(StrEnum):
    """Whether anything is left to do."""

    OPEN = "open"
    CLOSED = "closed"
