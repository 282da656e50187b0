"""Values of telehealth's contract → (sign, kind of chip, word)."""

from __future__ import annotations

from polyclinic.telehealth.v1 import telehealth_pb2 as pb

from gateway.console.words import VIDEO
from gateway.web.i18n import N_

Known = dict[int, tuple[str, str, str]]

STATUS = VIDEO
ROLE = {pb.ROLE_PATIENT: N_("Patient"), pb.ROLE_CLINICIAN: N_("Clinician"), pb.ROLE_GUEST: N_("Guest")}
PRESENT: Known = {
    pb.PARTICIPANT_STATE_WAITING: ("▸", "warn", N_("waits")),
    pb.PARTICIPANT_STATE_ADMITTED: ("◆", "good", N_("is in")),
    pb.PARTICIPANT_STATE_DENIED: ("×", "bad", N_("was refused")),
    pb.PARTICIPANT_STATE_OUT: ("○", "", N_("is out")),
}
MEDIA = {pb.MEDIA_VIDEO: N_("sound and picture"), pb.MEDIA_AUDIO: N_("sound only")}
END: Known = {
    pb.PRESENCE_END_OPEN: ("◆", "good", N_("goes on")),
    pb.PRESENCE_END_LEFT: ("→", "", N_("left")),
    pb.PRESENCE_END_DROPPED: ("!", "warn", N_("connection lost")),
    pb.PRESENCE_END_MEDIA_CHANGED: ("↔", "", N_("camera on or off")),
    pb.PRESENCE_END_SENT_OUT: ("×", "bad", N_("was sent out")),
    pb.PRESENCE_END_SESSION_ENDED: ("■", "", N_("visit ended")),
}
# A visit that may still be joined.
OPEN = (pb.SESSION_STATUS_SCHEDULED, pb.SESSION_STATUS_WAITING, pb.SESSION_STATUS_IN_PROGRESS)
