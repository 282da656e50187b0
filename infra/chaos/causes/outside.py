"""Outside parties misbehave: answers that come late, never, twice, in another order, with 500s, or get lost."""

from __future__ import annotations

from typing import Final

from infra.chaos.doors import Manner
from infra.chaos.lines import State
from infra.chaos.stage import Stage
from infra.chaos.system import PARTIES
from infra.chaos.trouble import Trouble

SECONDS: Final = 10.0
# What a party does, as a trouble is called, and what its line does.
MANNERS: Final = {
    "late": (State.LATE, "answer four seconds late"),
    "never": (State.SILENT, "take connections and never answer"),
    "failing": (State.FAILS, "answer 500 to everything"),
    "forgetful": (State.LOSES_ANSWERS, "do what they are asked, and the answer is lost: they are asked again"),
    "gone": (State.CUT, "cannot be reached"),
}


def all_parties(manner: str) -> Trouble:
    """Clearinghouse, texts, mail and cards misbehave in the same way at once."""
    state, words = MANNERS[manner]

    def act(stage: Stage) -> None:
        with stage.cause():
            for party in PARTIES:
                stage.lines[party].become(state)
            stage.last(SECONDS)
            for party in PARTIES:
                stage.lines[party].become(State.FLOWS)

    return Trouble(f"outside-{manner}", f"clearinghouse, texts, mail and cards {words} for {SECONDS:.0f} s", act)


def webhooks(manner: Manner) -> Trouble:
    """What outside parties tell us comes twice, or in another order."""

    def act(stage: Stage) -> None:
        before = stage.stack.door.passed
        with stage.cause():
            stage.stack.door.manner = manner
            stage.last(SECONDS)
            stage.stack.door.manner = Manner.ONCE
        passed = stage.stack.door.passed - before
        stage.must(passed > 0, "no webhook came meanwhile")
        stage.note(f"{passed} webhooks came {manner.value}")

    return Trouble(f"webhooks-{manner.value}", f"every webhook comes {manner.value} for {SECONDS:.0f} s", act)


TROUBLES: Final = [*(all_parties(manner) for manner in MANNERS), webhooks(Manner.TWICE), webhooks(Manner.SHUFFLED)]
