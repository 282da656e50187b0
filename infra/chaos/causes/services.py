"""Services die: each of them, and the gateway, by SIGKILL, at each step of booking, check-out, posting and sending."""

from __future__ import annotations

from typing import Final

from infra.chaos.stage import Stage
from infra.chaos.trouble import Trouble
from infra.local.servers import SERVICES

# The steps of each kind of work, as points that the load reaches: an RPC about to be called, a line just connected to.
STEPS: Final = {
    "booking": ("SearchSlots", "HoldSlot", "BookAppointment"),
    "check-out": ("CheckIn", "SaveCodes", "SignEncounter", "CheckOut"),
    "posting": ("TakePayment", "PollClearinghouse", "clearinghouse"),
    "sending": ("texts", "mail", "clearinghouse"),
}
# Real seconds between the point and the blow: before, during and after what is done there.
LONGEST_FUSE_SECONDS: Final = 0.06
VICTIMS: Final = (*SERVICES, "gateway")


def kill(victim: str, work: str) -> Trouble:
    """The victim is killed once at each step of the work, and started again at once, as a supervisor does."""

    def act(stage: Stage) -> None:
        for step in STEPS[work]:
            met = stage.points.wait(step)
            stage.must(met, f"nobody reached {step}")
            stage.last(stage.chance.uniform(0, LONGEST_FUSE_SECONDS))
            with stage.cause():
                stage.stack.kill(victim)
                stage.stack.restart(victim, wait=False)

    return Trouble(
        name=f"kill-{victim.replace('_', '-')}-{work}",
        cause=f"SIGKILL of {victim} at {', '.join(STEPS[work])}",
        act=act,
        may_feel=frozenset(SERVICES) if victim == "gateway" else frozenset({victim}),
        breaks_connections=victim == "gateway",
    )


TROUBLES: Final = [kill(victim, work) for work in STEPS for victim in VICTIMS]
