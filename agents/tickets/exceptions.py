"""The desk's refusals."""

from __future__ import annotations

from agents.tickets.states import LifeCycle
from tenants.exceptions import Refusal


class TransitionRefused(Refusal):
    """What was asked is not possible from here; `extra["possible"]` lists what is."""

    status = 409
    type = "transition-refused"
    title = "This step is not possible"

    def __init__(self, number: str, cycle: LifeCycle, state: str, wanted: str) -> None:
        possible = [t.name for t in cycle.possible(state)]
        words = f"{number} is {cycle.states[state].lower()}; “{wanted}” is not possible from there."
        words += f" Possible are: {', '.join(possible)}." if possible else " Nothing more can be done with it."
        super().__init__(words, extra={"state": state, "possible": possible})


class NeedsWords(Refusal):
    status = 422
    type = "needs-words"
    title = "A note is needed"


class NeedsSomebodyElse(Refusal):
    status = 403
    type = "needs-somebody-else"
    title = "Somebody else must decide"
