"""How the chat's acts read in the audit chain. Texts of people stay in their conversation and never go there."""

from __future__ import annotations

from audit import actions


def register() -> None:
    actions.register("chat.conversation.opened", "opened a conversation with {agent}", icon="messages")
    actions.register("chat.conversation.renamed", "renamed a conversation", icon="pencil")
    actions.register("chat.conversation.archived", "archived a conversation", icon="archive")
    actions.register("chat.conversation.handed_over", "handed the conversation over to {to}", icon="arrow-right")
    actions.register("chat.message.asked", "asked {agent}", icon="messages")
    actions.register("chat.message.answered", "{agent} answered with {model}", icon="messages")
    actions.register("chat.message.stopped", "stopped the answer of {agent}", icon="stop")
    actions.register("chat.message.failed", "{agent} could not answer: {code}", icon="alert-triangle")
    actions.register("agents.tool.called", "{agent} called {tool}", icon="tool")
