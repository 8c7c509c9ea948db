"""Small policies an agent carries, validated where they are written and read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MemoryPolicy(BaseModel):
    """How much of a conversation an agent takes along."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recent_messages: int = Field(default=20, ge=2, le=200, description="Messages taken word for word.")
    summarise: bool = Field(default=True, description="Keep a summary of what lies before them.")
