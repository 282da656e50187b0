"""The words and signs of the portal for values of the contracts, as patients read them: value → (sign, kind of chip, word)."""

from __future__ import annotations

from polyclinic.scheduling.v1 import events_pb2 as scheduling_events
from polyclinic.scheduling.v1 import scheduling_pb2 as scheduling
from polyclinic.types.v1 import types_pb2

from gateway.web.i18n import N_

Known = dict[int, tuple[str, str, str]]

STATUS: Known = {
    scheduling_events.APPOINTMENT_STATUS_BOOKED: ("○", "", N_("Booked")),
    scheduling_events.APPOINTMENT_STATUS_CONFIRMED: ("●", "info", N_("Confirmed")),
    scheduling_events.APPOINTMENT_STATUS_ARRIVED: ("▸", "good", N_("You are here")),
    scheduling_events.APPOINTMENT_STATUS_CHECKED_IN: ("✓", "good", N_("Checked in")),
    scheduling_events.APPOINTMENT_STATUS_ROOMED: ("⌂", "violet", N_("In the room")),
    scheduling_events.APPOINTMENT_STATUS_SEEN: ("◆", "violet", N_("With the clinician")),
    scheduling_events.APPOINTMENT_STATUS_CHECKED_OUT: ("■", "", N_("Done")),
    scheduling_events.APPOINTMENT_STATUS_CANCELLED: ("×", "bad", N_("Cancelled")),
    scheduling_events.APPOINTMENT_STATUS_NO_SHOW: ("∅", "bad", N_("Missed")),
    scheduling_events.APPOINTMENT_STATUS_LEFT: ("↩", "bad", N_("Left before it began")),
}
# What can still be moved, cancelled, confirmed; what is going on; and both.
AHEAD = (scheduling_events.APPOINTMENT_STATUS_BOOKED, scheduling_events.APPOINTMENT_STATUS_CONFIRMED)
UNDER_WAY = (
    scheduling_events.APPOINTMENT_STATUS_ARRIVED,
    scheduling_events.APPOINTMENT_STATUS_CHECKED_IN,
    scheduling_events.APPOINTMENT_STATUS_ROOMED,
    scheduling_events.APPOINTMENT_STATUS_SEEN,
)
LIVE = AHEAD + UNDER_WAY
WAITING = (scheduling_events.APPOINTMENT_STATUS_ARRIVED, scheduling_events.APPOINTMENT_STATUS_CHECKED_IN)
CONFIRMED = scheduling_events.APPOINTMENT_STATUS_CONFIRMED
VIDEO, PHONE = types_pb2.MODALITY_VIDEO, types_pb2.MODALITY_PHONE
MODALITY: dict[int, tuple[str, str]] = {
    types_pb2.MODALITY_IN_PERSON: ("clinic", N_("In person")),
    types_pb2.MODALITY_VIDEO: ("video", N_("By video")),
    types_pb2.MODALITY_PHONE: ("phone", N_("By phone")),
}
WAITLIST: Known = {
    scheduling.WAITLIST_STATUS_WAITING: ("○", "", N_("Waiting")),
    scheduling.WAITLIST_STATUS_OFFERED: ("◆", "info", N_("A time is offered")),
}
# What a search would find if one wish were given up.
WISHES: dict[int, str] = {
    scheduling.WISH_TIME_OF_DAY: N_("At another time of day"),
    scheduling.WISH_WEEKDAYS: N_("On another weekday"),
    scheduling.WISH_PRACTITIONER: N_("With somebody else"),
    scheduling.WISH_LOCATION: N_("At another location"),
    scheduling.WISH_DATES: N_("Later"),
    scheduling.WISH_ALL: N_("Anywhere, with anybody"),
}
WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
BY_PATIENT = scheduling.CANCELLATION_REASON_PATIENT
# What clinicians do, where the clinic names it by these words; any other word is shown as it is.
SPECIALTY: dict[str, str] = {
    "family": N_("Family medicine"),
    "internal": N_("Internal medicine"),
    "pediatrics": N_("Pediatrics"),
    "obstetrics": N_("Obstetrics and gynecology"),
    "cardiology": N_("Cardiology"),
    "dermatology": N_("Dermatology"),
    "orthopedics": N_("Orthopedics"),
    "psychiatry": N_("Psychiatry"),
}
