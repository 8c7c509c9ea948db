"""The life cycles of the four ITIL types, declared.

Each transition names where it leads from and to and what it needs. `resolution` means that words saying what was done
must come with it; `approval` that somebody other than the requester decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Need = Literal["resolution", "reason", "approval"]


@dataclass(frozen=True, slots=True)
class Transition:
    """One way from some states to another. `verb` is what a button says."""

    name: str
    verb: str
    sources: tuple[str, ...]
    target: str
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """States in the order of the board, the ones that count as open, and the transitions between them."""

    kind: str
    prefix: str
    states: dict[str, str]
    initial: str
    closed: frozenset[str]
    transitions: tuple[Transition, ...] = field(default=())

    def transition(self, name: str) -> Transition | None:
        return next((t for t in self.transitions if t.name == name), None)

    def possible(self, state: str) -> list[Transition]:
        """What can be done next from `state`, in the order declared."""
        return [t for t in self.transitions if state in t.sources]

    def to(self, state: str, target: str) -> Transition | None:
        """The transition that leads from `state` to `target`, if there is one."""
        return next((t for t in self.possible(state) if t.target == target), None)


INCIDENT = LifeCycle(
    kind="incident",
    prefix="INC",
    states={
        "new": "New",
        "in_progress": "In progress",
        "pending": "Pending",
        "resolved": "Resolved",
        "closed": "Closed",
    },
    initial="new",
    closed=frozenset({"resolved", "closed"}),
    transitions=(
        Transition("start", "Start work", ("new", "pending"), "in_progress"),
        Transition("wait", "Wait for an answer", ("new", "in_progress"), "pending", ("reason",)),
        Transition("resolve", "Resolve", ("new", "in_progress", "pending"), "resolved", ("resolution",)),
        Transition("reopen", "Reopen", ("resolved", "closed"), "in_progress", ("reason",)),
        Transition("close", "Close", ("resolved",), "closed"),
    ),
)

SERVICE_REQUEST = LifeCycle(
    kind="service_request",
    prefix="REQ",
    states={
        "new": "Submitted",
        "approval": "Waiting for approval",
        "in_progress": "Being fulfilled",
        "resolved": "Fulfilled",
        "refused": "Refused",
        "closed": "Closed",
    },
    initial="new",
    closed=frozenset({"resolved", "refused", "closed"}),
    transitions=(
        Transition("ask_approval", "Ask for approval", ("new",), "approval"),
        Transition("approve", "Approve", ("approval",), "in_progress", ("approval",)),
        Transition("refuse", "Refuse", ("new", "approval"), "refused", ("reason", "approval")),
        Transition("start", "Start work", ("new",), "in_progress"),
        Transition("resolve", "Mark fulfilled", ("in_progress",), "resolved", ("resolution",)),
        Transition("reopen", "Reopen", ("resolved", "refused", "closed"), "in_progress", ("reason",)),
        Transition("close", "Close", ("resolved", "refused"), "closed"),
    ),
)

PROBLEM = LifeCycle(
    kind="problem",
    prefix="PRB",
    states={
        "new": "Logged",
        "in_progress": "Investigating",
        "known_error": "Known error",
        "resolved": "Resolved",
        "closed": "Closed",
    },
    initial="new",
    closed=frozenset({"resolved", "closed"}),
    transitions=(
        Transition("start", "Investigate", ("new",), "in_progress"),
        Transition("know_error", "Record the workaround", ("in_progress",), "known_error", ("resolution",)),
        Transition("resolve", "Resolve", ("in_progress", "known_error"), "resolved", ("resolution",)),
        Transition("reopen", "Reopen", ("resolved", "closed"), "in_progress", ("reason",)),
        Transition("close", "Close", ("resolved",), "closed"),
    ),
)

CHANGE = LifeCycle(
    kind="change",
    prefix="CHG",
    states={
        "new": "Draft",
        "assessment": "Assessment",
        "approval": "Waiting for approval",
        "scheduled": "Scheduled",
        "in_progress": "In progress",
        "resolved": "Review",
        "refused": "Refused",
        "closed": "Closed",
    },
    initial="new",
    closed=frozenset({"resolved", "refused", "closed"}),
    transitions=(
        Transition("assess", "Submit for assessment", ("new",), "assessment"),
        Transition("ask_approval", "Ask for approval", ("assessment",), "approval"),
        Transition("approve", "Approve", ("approval",), "scheduled", ("approval",)),
        Transition("refuse", "Refuse", ("assessment", "approval"), "refused", ("reason", "approval")),
        Transition("start", "Start the change", ("scheduled",), "in_progress"),
        Transition("resolve", "Finish, to review", ("in_progress",), "resolved", ("resolution",)),
        Transition("roll_back", "Roll back", ("in_progress", "resolved"), "assessment", ("reason",)),
        Transition("rework", "Rework", ("refused",), "new"),
        Transition("close", "Close", ("resolved", "refused"), "closed"),
    ),
)

LIFE_CYCLES: dict[str, LifeCycle] = {cycle.kind: cycle for cycle in (INCIDENT, SERVICE_REQUEST, PROBLEM, CHANGE)}
OPEN_STATES = frozenset(state for cycle in LIFE_CYCLES.values() for state in cycle.states if state not in cycle.closed)
ALL_STATES: dict[str, str] = {
    "new": "New",
    "assessment": "Assessment",
    "approval": "Approval",
    "scheduled": "Scheduled",
    "in_progress": "In progress",
    "pending": "Pending",
    "known_error": "Known error",
    "resolved": "Resolved",
    "refused": "Refused",
    "closed": "Closed",
}
KIND_LABELS = {
    "incident": "Incident",
    "service_request": "Service request",
    "problem": "Problem",
    "change": "Change",
}
