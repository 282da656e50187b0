"""What the room's script says, by the keys it uses (``web/js/video``); the page carries them in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.i18n import N_

CHECK: Mapping[str, str] = {
    "camera_start": N_("Start video"),
    "camera_stop": N_("Stop video"),
    "mute": N_("Mute"),
    "unmute": N_("Unmute"),
    "microphone_off": N_("Microphone off"),
    "camera_number": N_("Camera %(number)s"),
    "microphone_number": N_("Microphone %(number)s"),
    "speaker_number": N_("Speaker %(number)s"),
    "camera_is_asking": N_("Looking for your camera …"),
    "camera_is_good": N_("Your camera works."),
    "camera_is_off": N_("Your camera is off: the others hear you and do not see you."),
    "camera_is_denied": N_("The browser does not let us use your camera."),
    "camera_is_missing": N_("No camera was found."),
    "camera_is_busy": N_("Your camera does not answer."),
    "camera_is_insecure": N_("This browser gives no camera to this page."),
    "microphone_is_asking": N_("Looking for your microphone …"),
    "microphone_is_good": N_("Say something: the bar should move."),
    "microphone_is_off": N_("Your microphone is off: the others do not hear you."),
    "microphone_is_denied": N_("The browser does not let us use your microphone."),
    "microphone_is_missing": N_("No microphone was found."),
    "microphone_is_busy": N_("Your microphone does not answer."),
    "microphone_is_insecure": N_("This browser gives no microphone to this page."),
    "help_denied": N_(
        "Press the sign at the left of this page's address, allow camera and microphone, then try again. "
        "On a phone, also look in its settings whether the browser may use them."
    ),
    "help_insecure": N_("Open the link in a current Chrome, Edge, Firefox or Safari."),
    "help_camera_missing": N_("Plug one in, or open its cover, and try again. You can also come in with sound only."),
    "help_camera_busy": N_("Another program may be using it: close other video calls and try again."),
    "help_microphone_missing": N_(
        "Plug in a headset or a microphone and try again. Without one you can listen and write."
    ),
    "help_microphone_busy": N_("Another program may be using it: close other calls and try again."),
    "network_is_relay": N_("Your network lets the visit through."),
    "network_is_direct": N_("Our relay does not answer from your network."),
    "network_is_blocked": N_("Your network blocks video visits."),
    "network_is_untested": N_("Your network will be tried when the visit begins."),
    "help_network_direct": N_("The visit can work all the same. If there is no picture, try another Wi-Fi or a phone."),
    "help_network_blocked": N_("A company's or school's network may do that: try another Wi-Fi or mobile data."),
    "with": N_("Your video visit with %(name)s"),
    "as_host": N_("Your video visit"),
    "as_guest": N_("You are invited as %(guest)s"),
    "your_clinician": N_("your clinician"),
    "early": N_("The door opens on %(time)s. You can try your camera and microphone now."),
    "not_licensed": N_(
        "%(name)s may not treat people who are in that state today. Please call the clinic: they can find somebody who may, or another way."
    ),
    "full": N_("Four people are in already. Somebody has to leave before the next can come in."),
    "window": N_("The door of this visit is not open now."),
    "unreachable_words": N_("The clinic does not answer. Look at your connection and try again."),
}
WAIT: Mapping[str, str] = {
    "waiting_with": N_("You are in the waiting room of %(name)s"),
    "host_is_in": N_("%(name)s is there and will let you in."),
    "host_is_not_in": N_("%(name)s is not there yet."),
    "you_are_next": N_("You are next."),
    "one_before": N_("One visit comes before yours."),
    "before": N_("%(count)s visits come before yours."),
    "any_moment": N_("any moment now"),
    "about": N_("about %(time)s"),
}
ROOM: Mapping[str, str] = {
    "you": N_("You"),
    "somebody": N_("Somebody"),
    "you_are_in": N_("You are in."),
    "screen_of": N_("%(name)s's screen"),
    "your_screen": N_("What you share"),
    "screen_start": N_("Share screen"),
    "screen_stop": N_("Stop sharing"),
    "connecting": N_("Connecting …"),
    "reconnecting": N_("Connection lost. Connecting again …"),
    "line_good": N_("Good connection"),
    "line_weak": N_("Weak connection"),
    "line_bad": N_("Bad connection"),
    "line_lost": N_("Connection lost. We try again by ourselves."),
    "line_cut": N_("The clinic does not answer. We try again by ourselves."),
    "came": N_("%(name)s has come in."),
    "went": N_("%(name)s has gone out."),
    "wrote": N_("%(name)s has written something."),
    "waits": N_("%(name)s waits to be let in."),
    "waiting_for": N_("has waited %(time)s"),
    "by_sound": N_("sound only"),
    "by_video": N_("sound and picture"),
    "role_patient": N_("Patient"),
    "role_guest": N_("Guest"),
    "admit": N_("Let in"),
    "deny": N_("Refuse"),
    "send_out": N_("Send out"),
    "copied": N_("Copied."),
    "told": N_("Those who wait can read it now."),
    "not_licensed_host": N_("You have no licence in the state the patient is in: they cannot be let in."),
    "signed_out": N_("You are signed out of the console: sign in again in another tab."),
    "could_not": N_("That did not work. Try again."),
}
AFTER: Mapping[str, str] = {
    "over_left": N_("You have left the visit"),
    "over_left_words": N_("You can come back until it ends."),
    "over_ended": N_("The visit is over"),
    "over_ended_words": N_("Thank you. You can close this page. What is to be done next, the clinic tells you."),
    "over_cancelled": N_("This visit was cancelled"),
    "over_cancelled_words": N_("Call the clinic if you did not expect that."),
    "over_denied": N_("You were not let in"),
    "over_denied_words": N_("The host has closed the door to you. Call the clinic if that is a mistake."),
    "over_replaced": N_("You have joined from another window or device"),
    "over_replaced_words": N_("The visit goes on there. To have it here, come back in."),
    "over_expired": N_("This link does not work any more"),
    "over_expired_words": N_("Ask the clinic for a new one, or sign in to the portal and join from there."),
    "over_used": N_("This link was used in another browser"),
    "over_used_words": N_(
        "A guest's link works in one browser only. Open it where you opened it first, or ask for a new one."
    ),
    "over_nolink": N_("This page needs a link"),
    "over_nolink_words": N_(
        "Open the link that the clinic has sent you, whole, or join from your appointment in the portal."
    ),
    "over_unreachable": N_("The clinic does not answer"),
    "over_unreachable_words": N_("Look at your connection and try again."),
}
TEXTS: Mapping[str, str] = {**CHECK, **WAIT, **ROOM, **AFTER}
