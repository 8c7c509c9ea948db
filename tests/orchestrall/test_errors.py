"""The pages of refusal and failure, and the same for machines."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory

from orchestrall import errors
from tenants.exceptions import Refusal, ServiceUnavailable

PAGE = "/somewhere/"


def request_of(path: str = PAGE, **headers: str) -> Any:
    return RequestFactory(SERVER_NAME="localhost").get(path, headers=headers)


@pytest.mark.parametrize(
    ("view", "status", "words"),
    [
        (errors.bad_request, 400, "could not be read"),
        (errors.permission_denied, 403, "not yours to open"),
        (errors.page_not_found, 404, "Nothing is played here"),
        (errors.csrf_failure, 403, "no longer valid"),
        (errors.server_error, 500, "it is our fault"),
    ],
)
def test_each_failure_has_a_page_that_says_what_happened(view: Callable[..., Any], status: int, words: str) -> None:
    response = view(request_of())
    assert response.status_code == status
    assert words in response.content.decode()


def test_a_failure_has_a_reference_that_the_log_has_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="orchestrall.errors"):
        page = errors.server_error(request_of()).content.decode()
    reference = caplog.records[0].args[-1]  # type: ignore[index]
    assert reference in page


def test_a_failure_needs_neither_database_nor_session() -> None:
    assert b"start page" in errors.server_error(request_of()).content  # no `db` fixture: a query would raise


def test_the_words_of_a_missing_right_are_shown() -> None:
    page = errors.permission_denied(request_of(), PermissionDenied("Ask an admin."))
    assert b"Ask an admin." in page.content


def test_words_in_a_refusal_are_escaped() -> None:
    page = errors.permission_denied(request_of(), PermissionDenied("<script>alert(1)</script>"))
    assert b"<script>alert" not in page.content


def test_programs_get_problem_json() -> None:
    response = errors.page_not_found(request_of("/api/v1/nothing/"))
    assert response.headers["Content-Type"] == "application/problem+json"


def test_openai_clients_get_their_own_shape() -> None:
    response = errors.page_not_found(request_of("/v1/nothing"))
    assert b'"error"' in response.content


def test_a_refusal_raised_in_a_view_becomes_its_page() -> None:
    class Full(Refusal):
        status = 429
        type = "quota-exceeded"
        title = "The plan's agents are all hired"

    refusal = Full("10 of 10.", extra={"limit_name": "agents", "limit": 10, "usage": 10, "retry_after_s": 30})
    middleware = errors.RefusalPages(lambda request: None)
    response = middleware.process_exception(request_of(), refusal)
    assert response is not None
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "30"
    assert b"The plan&#x27;s agents are all hired" in response.content


def test_a_fault_is_not_taken_for_a_refusal() -> None:
    assert errors.RefusalPages(lambda request: None).process_exception(request_of(), ValueError()) is None


def test_what_is_out_of_service_says_so() -> None:
    response = errors.answer(request_of(), ServiceUnavailable("No provider answers."))
    assert response.status_code == 503
    assert b"No provider answers." in response.content


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><script>', "light"), ("", "light")]
)
def test_the_theme_is_known_before_the_page_is_painted(cookie: str, theme: str) -> None:
    request = request_of()
    request.COOKIES["theme"] = cookie
    assert f'data-bs-theme="{theme}"' in errors.page_not_found(request).content.decode()


def test_an_unknown_host_is_not_found(cast: Any) -> None:
    response = Client(SERVER_NAME="nobody.localhost").get("/")
    assert response.status_code == 404
    assert b"Nobody plays at this address" in response.content


def test_a_suspended_organization_says_so(cast: Any) -> None:
    from tenants import hosts
    from tenants.context import platform_context
    from tenants.models import Organization

    with platform_context():
        Organization.objects.filter(pk=cast.acme.pk).update(status="suspended")
        hosts.forget_hosts(cast.acme)
    response = Client(SERVER_NAME="acme.localhost").get("/")
    assert response.status_code == 403
    assert b"suspended" in response.content
