"""What a browser may do on our pages: the strict policy everywhere, a looser one for the platform's admin alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from orchestrall.csp import ADMIN_POLICY, STRICT_POLICY

POLICY = "Content-Security-Policy"


def test_the_strict_policy_allows_neither_inline_nor_eval() -> None:
    assert "unsafe" not in STRICT_POLICY


@pytest.mark.parametrize(
    ("host", "path", "policy"),
    [
        ("localhost", "/", STRICT_POLICY),
        ("localhost", "/accounts/login/", STRICT_POLICY),
        ("localhost", "/nothing/", STRICT_POLICY),
        ("localhost", "/api/docs/", STRICT_POLICY),
        ("localhost", "/admin/", ADMIN_POLICY),
        ("localhost", "/admin/login/", ADMIN_POLICY),
        ("localhost", "/administration/", STRICT_POLICY),
        ("acme.localhost", "/accounts/login/", STRICT_POLICY),
        ("acme.localhost", "/admin/", STRICT_POLICY),
        ("acme.localhost", "/api/docs/", STRICT_POLICY),
        ("nobody.localhost", "/admin/", STRICT_POLICY),
    ],
)
def test_only_the_admin_of_the_platform_may_more(cast: Any, host: str, path: str, policy: str) -> None:
    assert Client(SERVER_NAME=host).get(path).headers[POLICY] == policy


def test_static_files_carry_the_headers_too(cast: Any) -> None:
    response = Client(SERVER_NAME="localhost").get("/static/js/app.js")
    assert response.headers[POLICY] == STRICT_POLICY
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_names_its_other_fences(cast: Any) -> None:
    headers = Client(SERVER_NAME="localhost").get("/").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_what_a_signed_in_person_saw_stays_out_of_caches(client_of: Callable[..., Any], cast: Any) -> None:
    response = client_of(cast.alice, cast.acme).get("/accounts/2fa/")
    assert "no-store" in response.headers["Cache-Control"]


def test_forms_may_lead_to_the_hosts_of_the_platform_and_no_further() -> None:
    actions = next(part for part in STRICT_POLICY.split("; ") if part.startswith("form-action"))
    assert actions == f"form-action 'self' http://{settings.PLATFORM_HOST}:* http://*.{settings.PLATFORM_HOST}:*"


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/accounts/signup/", "/nothing/"])
def test_no_page_holds_an_inline_script_or_style(cast: Any, path: str) -> None:
    page = Client(SERVER_NAME="localhost").get(path).content.decode()
    assert "style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
