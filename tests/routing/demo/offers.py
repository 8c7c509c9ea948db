"""Tools and prompts such as agents offer them, for tests of the demo provider."""

from typing import Any

FRONT_DESK = """You are Front Desk, the first contact at Acme.

Colleagues:
- incident-manager: Incident manager. Restores service after outages.
- change-manager: Change manager. Plans and approves changes.
- code-reviewer: Reviews code and pull requests.
"""
INCIDENT_MANAGER = """You are Incident Manager, an agent of Acme. You handle incidents: outages, VPN.

Colleagues:
- front-desk: First contact.
"""
LEVEL = {"type": "string", "enum": ["low", "medium", "high"]}


def function(name: str, required: list[str], **properties: Any) -> dict[str, Any]:
    """Return a tool in OpenAI's form."""
    schema = {"type": "object", "properties": properties, "required": required, "$defs": {"Level": LEVEL}}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": schema}}


HAND_OVER = function("hand_over", ["agent", "reason"], agent={"type": "string"}, reason={"type": "string"})
SEARCH_DIRECTORY = function("search_directory", ["query"], query={"type": "string"})
OPEN_TICKET = function(
    "open_ticket",
    ["kind", "title", "description", "impact"],
    kind={"type": "string", "enum": ["incident", "problem", "change", "service_request"]},
    title={"type": "string", "maxLength": 60},
    description={"type": "string"},
    impact={"$ref": "#/$defs/Level"},
    urgency={"anyOf": [{"$ref": "#/$defs/Level"}, {"type": "null"}], "default": None},
)
FIND_TICKETS = function("find_tickets", [], query={"anyOf": [{"type": "string"}, {"type": "null"}], "default": None})
UPDATE_TICKET = function(
    "update_ticket",
    ["number"],
    number={"type": "string"},
    state={"anyOf": [{"type": "string", "enum": ["in_progress", "resolved", "closed"]}, {"type": "null"}]},
    comment={"type": "string"},
)
DESK_TOOLS = [HAND_OVER, SEARCH_DIRECTORY, FIND_TICKETS, OPEN_TICKET, UPDATE_TICKET]
VPN = "My VPN drops every day at nine, find out why and open a ticket"
