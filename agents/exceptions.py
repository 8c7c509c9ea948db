"""The workforce's refusals."""

from __future__ import annotations

from collections.abc import Sequence

from tenants.exceptions import Conflict, Invalid, NotFound


class CycleRefused(Conflict):
    """The move would make an agent its own superior. `names` runs from the moved agent down to the wanted manager."""

    type = "hierarchy-cycle"
    title = "This would make a cycle"

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        ring = " → ".join([*self.names, self.names[0]])
        super().__init__(
            f"{self.names[0]} cannot report to {self.names[-1]}: that would be a cycle, {ring}.",
            extra={"cycle": self.names},
        )


class LevelRefused(Conflict):
    """A manager must stand on a level above its reports."""

    type = "hierarchy-level"
    title = "The levels do not fit"


class HasReports(Conflict):
    """The agent still has reports. `names` are theirs."""

    type = "agent-has-reports"
    title = "The agent still has reports"

    def __init__(self, agent_name: str, names: Sequence[str]) -> None:
        self.names = list(names)
        listed = ", ".join(self.names)
        super().__init__(
            f"{agent_name} still manages {listed}. Give them another manager first.", extra={"reports": self.names}
        )


class RoleInUse(Conflict):
    type = "role-in-use"
    title = "The role is in use"

    def __init__(self, role_name: str, names: Sequence[str]) -> None:
        self.names = list(names)
        super().__init__(
            f"{', '.join(self.names)} still work as {role_name}. Give them another role first.",
            extra={"agents": self.names},
        )


class RoleArchived(Conflict):
    type = "role-archived"
    title = "The role is archived"


class StaleVersion(Conflict):
    """Somebody else changed the agent since it was read."""

    type = "agent-changed-meanwhile"
    title = "The agent has changed meanwhile"


class AgentArchived(Conflict):
    type = "agent-archived"
    title = "The agent is archived"


class SlugTaken(Conflict):
    type = "slug-taken"
    title = "This slug is taken"


class InvalidAgent(Invalid):
    type = "invalid-agent"
    title = "The agent's settings are not valid"


class UnknownTemplate(NotFound):
    """The catalogue has no such template. `known` lists the slugs it has."""

    type = "unknown-template"
    title = "The catalogue has no such agent"

    def __init__(self, slug: str, known: Sequence[str]) -> None:
        self.known = list(known)
        super().__init__(
            f"The catalogue has no agent {slug}. It has {', '.join(self.known)}.", extra={"known": self.known}
        )
