"""The demo provider speaks OpenAI's protocol to the unmodified client."""

import json
import urllib.error
import urllib.request
from typing import Any

import openai
import pytest
from openai import OpenAI

from routing.providers.demo.tokens import count_tokens, split_tokens
from tests.demo_server import DemoServer

from .offers import DESK_TOOLS, INCIDENT_MANAGER, VPN

HI: Any = [{"role": "user", "content": "Hi"}]
VPN_MESSAGES: Any = [{"role": "system", "content": INCIDENT_MANAGER}, {"role": "user", "content": VPN}]


def post(demo: DemoServer, body: bytes) -> tuple[int, dict[str, Any]]:
    """Post raw bytes to the chat path; return status and body."""
    try:
        with urllib.request.urlopen(demo.url + "/chat/completions", data=body, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_it_answers_with_usage_by_the_documented_rule(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="gpt-4o", messages=HI)
    choice = completion.choices[0]
    assert completion.id.startswith("chatcmpl-")
    assert choice.finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == count_tokens(choice.message.content or "")
    assert completion.usage.prompt_tokens == 3 + 4 + 1


def test_every_answer_says_that_it_is_a_demo(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="llama-3.2-3b", messages=HI)
    assert "Demo answer" in (completion.choices[0].message.content or "")


def test_a_stream_carries_the_same_text_and_usage(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="gpt-4o", messages=HI)
    chunks = list(
        client.chat.completions.create(model="gpt-4o", messages=HI, stream=True, stream_options={"include_usage": True})
    )
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"


def test_a_stream_without_the_option_carries_no_usage(client: OpenAI) -> None:
    chunks = client.chat.completions.create(model="gpt-4o", messages=HI, stream=True)
    assert all(chunk.usage is None for chunk in chunks)


def test_tool_calls_are_streamed_in_fragments_that_join_to_json(client: OpenAI) -> None:
    tools: Any = DESK_TOOLS
    stream = client.chat.completions.create(model="gpt-4o", messages=VPN_MESSAGES, tools=tools, stream=True)
    deltas = [chunk.choices[0] for chunk in stream]
    fragments = [delta.delta.tool_calls[0] for delta in deltas if delta.delta.tool_calls]
    assert fragments[0].function is not None
    assert fragments[0].function.name == "open_ticket"
    joined = "".join(f.function.arguments or "" for f in fragments if f.function)
    assert json.loads(joined)["title"] == "VPN drops every day at nine"
    assert deltas[-1].finish_reason == "tool_calls"


@pytest.mark.parametrize(("parallel", "calls"), [(True, 2), (False, 1)])
def test_several_tool_calls_come_only_when_they_may(client: OpenAI, parallel: bool, calls: int) -> None:
    messages: Any = [{"role": "user", "content": "Close INC-000001 and INC-000002"}]
    tools: Any = DESK_TOOLS
    completion = client.chat.completions.create(
        model="gpt-4o", messages=messages, tools=tools, parallel_tool_calls=parallel
    )
    assert len(completion.choices[0].message.tool_calls or []) == calls


def test_a_forced_function_is_called_and_none_forbids_all(client: OpenAI) -> None:
    tools: Any = DESK_TOOLS
    forced: Any = {"type": "function", "function": {"name": "search_directory"}}
    one = client.chat.completions.create(model="gpt-4o", messages=HI, tools=tools, tool_choice=forced)
    none = client.chat.completions.create(model="gpt-4o", messages=VPN_MESSAGES, tools=tools, tool_choice="none")
    required = client.chat.completions.create(model="gpt-4o", messages=HI, tools=tools, tool_choice="required")
    assert [call.function.name for call in one.choices[0].message.tool_calls or []] == ["search_directory"]  # type: ignore[union-attr]
    assert none.choices[0].message.tool_calls is None
    assert len(required.choices[0].message.tool_calls or []) == 1


@pytest.mark.parametrize("stream", [True, False])
def test_max_tokens_ends_the_answer_with_length(client: OpenAI, stream: bool) -> None:
    if stream:
        last = list(client.chat.completions.create(model="gpt-4o", messages=HI, max_tokens=5, stream=True))[-1]
        assert last.choices[0].finish_reason == "length"
        return
    completion = client.chat.completions.create(model="gpt-4o", messages=HI, max_completion_tokens=5)
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 5


def test_a_stop_sequence_ends_the_answer_before_it(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="gpt-4o", messages=HI, stop=["can"])
    assert (completion.choices[0].message.content or "").endswith("How ")


def test_json_mode_gives_json(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="gpt-4o", messages=HI, response_format={"type": "json_object"})
    assert json.loads(completion.choices[0].message.content or "")["demo"] is True


def test_a_json_schema_is_kept(client: OpenAI) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}, "level": {"enum": ["a", "b"]}}}
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": {**schema, "required": ["level"]}}}
    completion = client.chat.completions.create(model="gpt-4o", messages=HI, response_format=wanted)
    assert json.loads(completion.choices[0].message.content or "") == {"title": "Hi", "level": "a"}


def test_it_lists_and_shows_its_models(client: OpenAI) -> None:
    assert {"llama-3.2-3b", "gpt-4o"} <= {model.id for model in client.models.list()}
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"


def test_an_unknown_model_is_refused_by_name(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="gpt-99", messages=HI)
    assert refused.value.code == "model_not_found"
    assert "gpt-99" in refused.value.message


def test_embeddings_are_refused_in_openais_shape(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.embeddings.create(model="gpt-4o", input="x")
    assert "no such endpoint" in refused.value.message


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", None),
        (b"\xff", None),
        (b"{}", "model"),
        (b'{"model": "gpt-4o"}', "messages"),
        (b'{"model": "gpt-4o", "messages": "x"}', "messages"),
        (b'{"model": "gpt-4o", "messages": [{"role": "ghost", "content": ""}]}', "messages[0].role"),
        (b'{"model": "gpt-4o", "messages": [{"role": "user"}]}', "messages[0].content"),
        (b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "n": 2}', "n"),
        (b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "temperature": 3}', "temperature"),
        (b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "max_tokens": 0}', "max_tokens"),
        (b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "tools": [{}]}', "tools[0].function"),
        (b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "stop": 1}', "stop"),
        (b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "tool_choice": "auto"}', "tool_choice"),
    ],
)
def test_bad_input_gets_openais_error(demo_provider: DemoServer, body: bytes, param: str | None) -> None:
    status, answer = post(demo_provider, body)
    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["param"] == param


def test_text_over_the_context_window_is_refused(demo_provider: DemoServer) -> None:
    messages = [{"role": "user", "content": "word " * 140_000}]
    status, answer = post(demo_provider, json.dumps({"model": "gpt-4o", "messages": messages}).encode())
    assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")


@pytest.mark.parametrize("text", ["", " ", "a", "Hello,  world!\n", "ünïcödé 漢字 🎉", "x" * 100, "\n\n tail \n"])
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(split_tokens(text)) == text
