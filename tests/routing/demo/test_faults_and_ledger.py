"""Faults, pace, the ledger and the end of the demo provider."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

import openai
import pytest
from openai import OpenAI

from routing.providers.demo.faults import Faults
from routing.providers.demo.ledger import Call, Ledger
from tests.demo_server import DemoServer

HI: Any = [{"role": "user", "content": "Hi"}]


def ask(client: OpenAI, model: str = "gpt-4o", **extra: Any) -> str:
    """Ask something short and return the answer."""
    return client.chat.completions.create(model=model, messages=HI, **extra).choices[0].message.content or ""


def read_stream(client: OpenAI, pieces: list[str]) -> None:
    """Stream an answer and add its pieces to a list, as they come."""
    for chunk in client.chat.completions.create(model="gpt-4o", messages=HI, stream=True):
        pieces.append(chunk.choices[0].delta.content or "")


def test_an_error_fault_answers_500(demo_provider: DemoServer, client: OpenAI) -> None:
    demo_provider.fault("error")
    with pytest.raises(openai.InternalServerError):
        ask(client)


def test_a_rate_limit_fault_names_the_time_to_wait(demo_provider: DemoServer, client: OpenAI) -> None:
    demo_provider.fault("rate_limit", seconds=7)
    with pytest.raises(openai.RateLimitError) as refused:
        ask(client)
    assert refused.value.response.headers["Retry-After"] == "7"


def test_a_refused_connection_gives_no_answer(demo_provider: DemoServer, client: OpenAI) -> None:
    demo_provider.fault("refuse")
    with pytest.raises(openai.APIConnectionError):
        ask(client)


def test_a_wrong_body_is_not_json(demo_provider: DemoServer, client: OpenAI) -> None:
    demo_provider.fault("wrong_json")
    with pytest.raises((openai.APIError, ValueError)):
        ask(client)


@pytest.mark.parametrize("stream", [True, False])
def test_a_broken_answer_ends_in_a_connection_error(demo_provider: DemoServer, client: OpenAI, stream: bool) -> None:
    mark = demo_provider.mark()
    demo_provider.fault("break_stream")
    with pytest.raises(Exception, match=r"(?i)incomplete|closed|connection|peer"):
        read_stream(client, []) if stream else ask(client)
    (entry,) = demo_provider.settled(mark)
    assert (entry["state"], entry["fault"]) == ("cut", "break_stream")
    assert entry["output_tokens"] > 0


def test_a_stream_breaks_after_the_named_tokens(demo_provider: DemoServer, client: OpenAI) -> None:
    mark = demo_provider.mark()
    demo_provider.fault("break_stream", after_tokens=3)
    pieces: list[str] = []
    with pytest.raises(Exception, match=r"(?i)incomplete|closed|connection|peer"):
        read_stream(client, pieces)
    assert "".join(pieces) == "Hello! How"
    assert demo_provider.settled(mark)[0]["output_tokens"] == 3


def test_a_slow_first_token_times_out_and_is_cut(demo_provider: DemoServer, client: OpenAI) -> None:
    mark = demo_provider.mark()
    demo_provider.fault("timeout", seconds=30)
    with pytest.raises(openai.APITimeoutError):
        ask(client, timeout=0.2)
    (entry,) = demo_provider.settled(mark)
    assert (entry["state"], entry["output_tokens"]) == ("cut", 0)


def test_a_fault_hits_only_its_model_and_only_so_often(demo_provider: DemoServer, client: OpenAI) -> None:
    demo_provider.fault("error", model="gpt-4o", times=1)
    assert ask(client, "llama-3.2-3b")
    with pytest.raises(openai.InternalServerError):
        ask(client)
    assert ask(client)


def test_off_ends_the_faults(demo_provider: DemoServer, client: OpenAI) -> None:
    demo_provider.fault("error")
    assert demo_provider.fault("off") == []
    assert ask(client)


@pytest.mark.parametrize(
    "given", [None, [], {}, {"kind": "quake"}, {"kind": "error", "share": 2}, {"kind": "error", "share": "x"}]
)
def test_a_bad_fault_is_refused_with_what_is_allowed(demo_provider: DemoServer, given: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(demo_provider.root + "/_demo/faults", data=json.dumps(given).encode(), timeout=20)
    with refused.value as answer:
        assert answer.code == 400
        assert json.load(answer)["error"]["message"]


def test_a_share_is_drawn_the_same_way_each_time() -> None:
    def draws() -> list[bool]:
        faults = Faults()
        faults.set({"kind": "error", "share": 0.2})
        return [faults.draw("gpt-4o") is not None for _ in range(1000)]

    assert draws() == draws()
    assert 150 < sum(draws()) < 250


def test_the_ledger_shows_a_finished_call_as_the_client_saw_it(demo_provider: DemoServer, client: OpenAI) -> None:
    mark = demo_provider.mark()
    completion = client.chat.completions.create(
        model="gpt-4o", messages=HI, metadata={"attempt": "a1"}, extra_headers={"X-Request-Id": "attempt-1"}
    )
    (entry,) = demo_provider.settled(mark)
    assert completion.usage is not None
    assert entry["id"] == completion.id
    assert entry["state"] == "finished"
    assert (entry["input_tokens"], entry["output_tokens"]) == (
        completion.usage.prompt_tokens,
        completion.usage.completion_tokens,
    )
    assert (entry["request_id"], entry["metadata"]) == ("attempt-1", {"attempt": "a1"})


def test_a_client_that_leaves_is_noted_as_cut_with_what_was_sent() -> None:
    with DemoServer(tokens_per_second=50) as demo, OpenAI(base_url=demo.url, api_key="x", max_retries=0) as client:
        with client.chat.completions.create(model="gpt-4o", messages=HI, stream=True) as stream:
            seen = [chunk for _, chunk in zip(range(5), stream, strict=False)]
        (entry,) = demo.settled()
        whole = client.chat.completions.create(model="gpt-4o", messages=HI).usage
    assert whole is not None
    assert entry["state"] == "cut"
    assert len(seen) - 1 <= entry["output_tokens"] < whole.completion_tokens


def test_a_refused_call_costs_nothing(demo_provider: DemoServer, client: OpenAI) -> None:
    mark = demo_provider.mark()
    demo_provider.fault("error")
    with pytest.raises(openai.InternalServerError):
        ask(client)
    (entry,) = demo_provider.settled(mark)
    assert (entry["state"], entry["status"], entry["tokens"]) == ("failed", 500, 0)


def test_the_ledger_forgets_the_oldest_and_keeps_the_totals() -> None:
    ledger = Ledger(kept=2)
    for number in range(3):
        ledger.close(ledger.open(Call(f"chatcmpl-{number}", "gpt-4o", 1, False, None, {})), "finished")
    read = ledger.read()
    assert [entry["seq"] for entry in read["entries"]] == [2, 3]
    assert (read["forgotten"], read["totals"]["calls"], read["in_flight"]) == (1, 3, 0)


def test_the_ledger_can_be_read_from_a_time_on(demo_provider: DemoServer, client: OpenAI) -> None:
    ask(client)
    with urllib.request.urlopen(demo_provider.root + "/_demo/ledger?since=2999-01-01T00:00:00Z", timeout=20) as answer:
        assert json.load(answer)["entries"] == []


def test_latency_comes_before_the_first_token() -> None:
    with DemoServer(latency_ms=150) as demo, OpenAI(base_url=demo.url, api_key="x", max_retries=0) as client:
        started = time.monotonic()
        ask(client)
    assert time.monotonic() - started >= 0.15


def test_the_options_of_the_command_set_faults() -> None:
    with DemoServer(error_rate=1) as demo, OpenAI(base_url=demo.url, api_key="x", max_retries=0) as client:
        with pytest.raises(openai.InternalServerError):
            ask(client)


def test_sigterm_ends_it_cleanly_in_the_middle_of_a_stream() -> None:
    demo = DemoServer(tokens_per_second=2).start()
    with OpenAI(base_url=demo.url, api_key="x", max_retries=0) as client:
        with client.chat.completions.create(model="gpt-4o", messages=HI, stream=True) as stream:
            next(iter(stream))
            assert demo.stop() == 0
