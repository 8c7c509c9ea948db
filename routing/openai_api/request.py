"""What a client may send to `/v1/chat/completions`: OpenAI's fields, checked; unknown ones are tolerated."""

from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from routing.openai_api.errors import BadRequest, BodyTooLarge
from tenants.parsers import every_text, is_unicode, parse_json

PASSED_ON = (
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "parallel_tool_calls",
    "response_format",
    "seed",
    "stop",
    "tool_choice",
    "top_p",
)
"""Fields that go to the provider as they are."""


class Message(BaseModel):
    """A message; what its content looks like inside is the provider's business."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[dict[str, Any]] | None = None


class StreamOptions(BaseModel):
    include_usage: bool = False


class Function(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1, max_length=64)


class Tool(BaseModel):
    model_config = ConfigDict(extra="allow")

    type: Literal["function"] = "function"
    function: Function


class CompletionRequest(BaseModel):
    """The body of a chat completion."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")
    messages: list[Message] = Field(min_length=1, max_length=2000)
    stream: bool = False
    stream_options: StreamOptions | None = None
    tools: list[Tool] = Field(default_factory=list, max_length=128)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    n: int | None = None
    response_format: dict[str, Any] | None = None
    stop: str | list[str] | None = None

    @field_validator("n")
    @classmethod
    def _one_choice(cls, value: int | None) -> int | None:
        if value not in (None, 1):
            raise ValueError("one choice is given per request: n must be 1")
        return value

    @field_validator("tools", mode="before")
    @classmethod
    def _no_tools(cls, value: Any) -> Any:
        return [] if value is None else value

    @field_validator("stream", mode="before")
    @classmethod
    def _no_stream(cls, value: Any) -> Any:
        return False if value is None else value

    @property
    def max_output_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


def read_request(request: HttpRequest) -> tuple[CompletionRequest, dict[str, Any]]:
    """Return the checked body, and the body as it came. Raises BadRequest, BodyTooLarge."""
    limit = settings.MODEL_MAX_BODY_BYTES
    body = request.read(limit + 1)
    if len(body) > limit:
        raise BodyTooLarge(f"The body is larger than {limit:,} bytes.")
    try:
        raw = parse_json(body)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    if not all(map(is_unicode, every_text(raw))):
        raise BadRequest("The body holds half a surrogate pair, which is no text.")
    if not isinstance(raw, dict):
        raise BadRequest("The body must be a JSON object.")
    try:
        return CompletionRequest.model_validate(raw), raw
    except ValidationError as error:
        raise _as_bad_request(error) from None


def _as_bad_request(error: ValidationError) -> BadRequest:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    param = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("str", "list[")))
    missing = first["type"] == "missing"
    words = f"You must provide {param}." if missing else f"Invalid value for {param}: {first['msg']}."
    return BadRequest(words, errors={param: [first["msg"]]})


def parameters(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that go to the provider as they came; `null` means not set."""
    return {name: raw[name] for name in PASSED_ON if raw.get(name) is not None}
