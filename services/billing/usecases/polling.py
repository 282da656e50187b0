"""When the clearinghouse's inbound files are looked at."""

from __future__ import annotations

from datetime import timedelta

from chassis.call import Call

POLL_DUE = "clearinghouse.poll"
POLL_KEY = "poll"


def start_polling(call: Call, after: timedelta = timedelta(hours=1)) -> None:
    """Has the clearinghouse's inbound files looked at; from then on it goes on by itself."""
    call.due.at(POLL_DUE, POLL_KEY, call.now + after)
