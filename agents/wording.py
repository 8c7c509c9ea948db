"""How the audit pages and the feed word what happens to roles and agents."""

from __future__ import annotations

from audit import actions

actions.register("agents.agent.created", "created the agent {name}", icon="user-plus")
actions.register("agents.agent.hired", "hired {name}", icon="user-plus")
actions.register("agents.agent.updated", "changed {name}, now version {version}", icon="pencil")
actions.register("agents.agent.moved", "moved {name}, who now reports to {manager}", icon="sitemap")
actions.register("agents.agent.paused", "paused {name}", icon="hand-stop")
actions.register("agents.agent.resumed", "put {name} back on duty", icon="circle-check")
actions.register("agents.agent.archived", "archived {name}", icon="trash")
actions.register("agents.agent.restored", "restored {name}", icon="history")
actions.register("agents.role.created", "created the role {name}", icon="id")
actions.register("agents.role.updated", "changed the role {name}", icon="id")
actions.register("agents.role.archived", "archived the role {name}", icon="id")
actions.register("agents.role.restored", "restored the role {name}", icon="id")
