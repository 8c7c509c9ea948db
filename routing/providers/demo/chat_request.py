"""What a client may ask of `/v1/chat/completions`, checked and made plain."""

import json
from dataclasses import dataclass, field
from typing import Any

MODELS = {"llama-3.2-3b": 131_072, "phi-3.5-mini": 131_072, "gpt-4o": 128_000}
"""The models that the demo provider pretends to offer, with their context windows in tokens."""

ROLES = ("system", "developer", "user", "assistant", "tool")


class BadRequest(Exception):
    """A request that OpenAI would refuse, with the fields of OpenAI's error object."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
        kind: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status
        self.kind = kind
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return OpenAI's error body."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the client offers."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A checked request. `messages` have text content; `choice` is auto, none, required or `function:NAME`."""

    model: str
    messages: list[dict[str, Any]]
    tools: list[Tool] = field(default_factory=list)
    raw_tools: list[dict[str, Any]] = field(default_factory=list)
    choice: str = "auto"
    parallel: bool = True
    stream: bool = False
    include_usage: bool = False
    usage_on_each_chunk: bool = False
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    response_format: str = "text"
    response_schema: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


def parse_chat_request(raw: bytes) -> ChatRequest:
    """Read a request body; raises `BadRequest` with the field that is wrong."""
    body = _read_json(raw)
    tools = _read_tools(body)
    stream_options = _typed(body, "stream_options", dict, {})
    format_name, schema = _read_format(body)
    return ChatRequest(
        model=_read_model(body),
        messages=_read_messages(body),
        tools=tools,
        raw_tools=body.get("tools") or [],
        choice=_read_choice(body, tools),
        parallel=_typed(body, "parallel_tool_calls", bool, True),
        stream=_typed(body, "stream", bool, False),
        include_usage=bool(stream_options.get("include_usage")),
        usage_on_each_chunk=bool(stream_options.get("continuous_usage_stats")),
        max_tokens=_read_max_tokens(body),
        stop=_read_stop(body),
        response_format=format_name,
        response_schema=schema,
        metadata=_read_metadata(body),
    )


def _read_json(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"We could not parse the JSON body of your request: {error}") from None
    if not isinstance(body, dict):
        raise BadRequest("The body of the request must be a JSON object.")
    return body


def _typed(body: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadRequest(f"Invalid type for '{name}': expected {kind.__name__}.", param=name, code="invalid_type")
    return value


def _read_model(body: dict[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadRequest("you must provide a model parameter", param="model")
    if model not in MODELS:
        raise model_not_found(model)
    if _typed(body, "n", int, 1) != 1:
        raise BadRequest("The demo provider gives one choice: 'n' must be 1.", param="n", code="unsupported_value")
    _check_number(body, "temperature", 0, 2)
    _check_number(body, "top_p", 0, 1)
    return model


def model_not_found(model: str) -> BadRequest:
    """Return the refusal for a model that is not offered here."""
    known = ", ".join(MODELS)
    return BadRequest(
        f"The model '{model[:100]}' does not exist. This demo provider has: {known}.",
        param="model",
        code="model_not_found",
        status=404,
    )


def _check_number(body: dict[str, Any], name: str, low: float, high: float) -> None:
    value = body.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadRequest(f"Invalid '{name}': must be a number from {low} to {high}.", param=name, code="invalid_value")


def _read_messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages = _typed(body, "messages", list, None)
    if not messages:
        raise BadRequest("Missing required parameter: 'messages'.", param="messages", code="missing_required_parameter")
    return [_read_message(message, f"messages[{index}]") for index, message in enumerate(messages)]


def _read_message(message: Any, where: str) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise BadRequest(f"Invalid type for '{where}': expected an object.", param=where, code="invalid_type")
    role = message.get("role")
    if role not in ROLES:
        raise BadRequest(f"Invalid '{where}.role': allowed are {', '.join(ROLES)}.", param=f"{where}.role")
    plain = {"role": role, "content": _read_content(message.get("content"), where)}
    if role == "tool":
        if not isinstance(message.get("tool_call_id"), str):
            raise BadRequest(f"Missing parameter '{where}.tool_call_id'.", param=where)
        plain["tool_call_id"] = message["tool_call_id"]
    if message.get("tool_calls"):
        plain["tool_calls"] = _read_tool_calls(message["tool_calls"], where)
    elif message.get("content") is None:
        raise BadRequest(f"Missing parameter '{where}.content'.", param=f"{where}.content")
    return plain


def _read_content(content: Any, where: str) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        return "\n".join(str(part.get("text", "")) for part in content if part.get("type") in ("text", "refusal"))
    raise BadRequest(f"Invalid type for '{where}.content'.", param=f"{where}.content", code="invalid_type")


def _read_tool_calls(calls: Any, where: str) -> list[dict[str, Any]]:
    plain = []
    for given in calls if isinstance(calls, list) else [None]:
        call: dict[str, Any] = given if isinstance(given, dict) else {}
        function = call.get("function")
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise BadRequest(f"Invalid '{where}.tool_calls'.", param=f"{where}.tool_calls")
        arguments = function.get("arguments")
        function = {"name": function["name"], "arguments": arguments if isinstance(arguments, str) else "{}"}
        plain.append({"id": str(call.get("id", "")), "type": "function", "function": function})
    return plain


def _read_tools(body: dict[str, Any]) -> list[Tool]:
    tools = []
    for index, tool in enumerate(_typed(body, "tools", list, [])):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
            where = f"tools[{index}].function"
            raise BadRequest(f"Missing required parameter: '{where}.name'.", param=where)
        parameters = function.get("parameters")
        parameters = parameters if isinstance(parameters, dict) else {}
        tools.append(Tool(function["name"], str(function.get("description") or ""), parameters))
    return tools


def _read_choice(body: dict[str, Any], tools: list[Tool]) -> str:
    choice = body.get("tool_choice")
    if choice is None:
        return "auto" if tools else "none"
    if not tools and choice != "none":
        raise BadRequest("'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")
    if choice in ("auto", "none", "required"):
        return str(choice)
    function = choice.get("function") if isinstance(choice, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if name not in [tool.name for tool in tools]:
        raise BadRequest("Invalid 'tool_choice': it names no function of 'tools'.", param="tool_choice")
    return f"function:{name}"


def _read_max_tokens(body: dict[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = _typed(body, name, int, None)
        if value is not None:
            if value < 1:
                raise BadRequest(f"Invalid '{name}': at least 1.", param=name, code="integer_below_min_value")
            return int(value)
    return None


def _read_stop(body: dict[str, Any]) -> tuple[str, ...]:
    stop = body.get("stop")
    values = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(values, list) or len(values) > 4 or not all(isinstance(value, str) for value in values):
        raise BadRequest("Invalid 'stop': a string, or up to four.", param="stop", code="invalid_type")
    return tuple(value for value in values if value)


def _read_format(body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    given: dict[str, Any] = _typed(body, "response_format", dict, {"type": "text"})
    kind = given.get("type")
    if kind not in ("text", "json_object", "json_schema"):
        raise BadRequest(
            "Invalid 'response_format.type': allowed are text, json_object, json_schema.", param="response_format"
        )
    wrapper: Any = given.get("json_schema") if kind == "json_schema" else {}
    schema = wrapper.get("schema", {}) if isinstance(wrapper, dict) else {}
    return str(kind), schema if isinstance(schema, dict) else {}


def _read_metadata(body: dict[str, Any]) -> dict[str, str]:
    given = _typed(body, "metadata", dict, {})
    return {str(key)[:64]: str(value)[:512] for key, value in list(given.items())[:16]}
