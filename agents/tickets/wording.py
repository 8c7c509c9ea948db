"""How the audit pages and the feed word what happens to tickets."""

from __future__ import annotations

from audit import actions

actions.register("tickets.ticket.opened", "opened {number}, priority {priority}: {title}", icon="ticket")
actions.register("tickets.ticket.updated", "changed {number}: {fields}", icon="pencil")
actions.register("tickets.ticket.assigned", "assigned {number} to {assignee}", icon="user-check")
actions.register("tickets.ticket.transitioned", "moved {number} from {from} to {to}", icon="arrow-right")
actions.register("tickets.ticket.commented", "commented on {number}", icon="message-2")
