"""The chat's refusals."""

from __future__ import annotations

from agents.chat.models import MAX_QUESTION_LENGTH
from tenants.exceptions import Conflict, Invalid, NotFound, ServiceUnavailable


class EmptyQuestion(Invalid):
    type = "empty-message"
    title = "The message is empty"


class QuestionTooLong(Invalid):
    type = "message-too-long"
    title = "The message is too long"

    def __init__(self, length: int) -> None:
        super().__init__(
            f"The message has {length:,} characters, the limit is {MAX_QUESTION_LENGTH:,}. Shorten it or send parts.",
            extra={"limit": MAX_QUESTION_LENGTH, "length": length},
            errors={"text": [f"At most {MAX_QUESTION_LENGTH:,} characters."]},
        )


class ConversationBusy(Conflict):
    type = "conversation-busy"
    title = "An answer is being written"


class ConversationArchived(Conflict):
    type = "conversation-archived"
    title = "The conversation is archived"


class ClientIdReused(Conflict):
    """The client's id stood for another question before."""

    type = "client-id-reused"
    title = "This client id belongs to another message"


class ConversationNotFound(NotFound):
    type = "conversation-not-found"
    title = "There is no such conversation"


class TurnNotFound(NotFound):
    type = "turn-not-found"
    title = "Nothing to stop"


class NobodyOnDuty(Conflict):
    """No agent can take the conversation."""

    type = "nobody-on-duty"
    title = "Nobody can answer here"


class ShuttingDown(ServiceUnavailable):
    type = "shutting-down"
    title = "This process is being stopped"
