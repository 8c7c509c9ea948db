"""Log lines: readable, with request, tenant and actor, without secrets."""

import json
import logging
from typing import Any

import pytest
import structlog

from orchestrall.logs import Context, JsonFormatter, TextFormatter, redact
from tenants.context import tenant_context


def record(message: str, *args: Any, **extra: Any) -> logging.LogRecord:
    made = logging.getLogger("tests").makeRecord("tests", logging.INFO, __file__, 1, message, args, None, extra=extra)
    Context().filter(made)
    return made


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer ork_abcdefghijklmnop",
        "key sk-proj-abcdefghijklmnop was refused",
        "cannot reach postgresql://owner:s3cretabcdefghijklmnop@db/orchestrall",
        "cannot reach rediss://:s3cretabcdefghijklmnop@redis:6379",
        "Cookie: sessionid=abcdefghijklmnop; theme=dark",
        'body {"password": "abcdefghijklmnop"}',
    ],
)
def test_secrets_in_a_text_are_hidden(text: str) -> None:
    assert "abcdefghijklmnop" not in redact(text)


def test_ordinary_text_is_left_alone() -> None:
    text = "GET /api/v1/tickets/ 200: ticket INC-000042 task-list https://acme.localhost:8000/a@b"
    assert redact(text) == text


def test_fields_with_a_secrets_name_are_hidden_in_both_styles() -> None:
    made = record("signed in", api_key="plain-looking", password="hunter2", input_tokens=12)
    for line in (JsonFormatter().format(made), TextFormatter().format(made)):
        assert "plain-looking" not in line
        assert "hunter2" not in line
        assert "12" in line


def test_secrets_in_a_traceback_are_hidden() -> None:
    made = record("failed")
    try:
        raise RuntimeError("Bearer abcdefghijklmnop")
    except RuntimeError as error:
        made.exc_info = (RuntimeError, error, error.__traceback__)
    for formatter in (JsonFormatter(), TextFormatter()):
        assert "abcdefghijklmnop" not in formatter.format(made)


def test_a_json_line_is_one_object_whatever_the_message_holds() -> None:
    line = JsonFormatter().format(record('a "quoted"\nmessage', duration_ms=1.5))
    assert "\n" not in line
    entry = json.loads(line)
    assert (entry["message"], entry["duration_ms"], entry["level"]) == ('a "quoted"\nmessage', 1.5, "info")


def test_a_line_written_inside_a_tenant_names_it(acme: Any) -> None:
    with tenant_context(acme):
        assert json.loads(JsonFormatter().format(record("hello")))["tenant_id"] == str(acme.id)


@pytest.mark.promise("OPS-3")
def test_a_request_is_logged_with_tenant_actor_duration_and_id(
    client_of: Any, cast: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "orchestrall.request"):
        response = client_of(cast.alice, cast.acme).get(
            "/accounts/email/?token=what-was-typed", headers={"x-request-id": "from-the-proxy-1"}
        )
    logged = caplog.records[-1]
    assert response["X-Request-ID"] == "from-the-proxy-1"
    assert vars(logged)["tenant_id"] == str(cast.acme.id)
    assert vars(logged)["actor"] == f"person:{cast.alice.public_id}"
    assert vars(logged)["duration_ms"] > 0
    assert "what-was-typed" not in logged.getMessage()


def test_a_request_id_that_could_forge_a_line_is_replaced(client_of: Any, cast: Any) -> None:
    response = client_of(None, cast.acme).get("/accounts/login/", headers={"x-request-id": "x\tfake entry"})
    assert "fake" not in response["X-Request-ID"]


def test_a_request_with_a_key_names_the_key_and_hides_it(
    key_client: Any, cast: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "orchestrall.request"):
        key_client(cast.acme).get("/api/v1/me/")
    assert vars(caplog.records[-1])["actor"].startswith("key:")
    assert "ork_" not in caplog.text


def test_what_goes_through_structlog_is_redacted_and_formatted_like_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise RuntimeError("Bearer abcdefghijklmnop")
    except RuntimeError:
        structlog.get_logger("tests.structlog").exception("turn failed", turn="t-1", api_key="plain-looking")
    entry = json.loads(JsonFormatter().format(caplog.records[-1]))
    assert (entry["message"], entry["turn"], entry["api_key"]) == ("turn failed", "t-1", "***")
    assert "RuntimeError" in entry["exception"]
    assert "abcdefghijklmnop" not in entry["exception"]
