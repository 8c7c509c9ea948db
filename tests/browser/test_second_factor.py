"""Signing in with a code and with a passkey, as a person does it, under the strict policy."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import BrowserContext, Page, expect

from tenants.context import platform_context
from tenants.models import User
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.promise("IAM-1")]

EMAIL = "una@factors.example"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def code_of(secret: str) -> str:
    """The code that an authenticator app shows now (RFC 6238, 30 s, 6 digits, SHA-1)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    start = digest[19] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


@pytest.fixture
def account(founded: Callable[..., Any], sign_in: Callable[..., BrowserContext]) -> Page:
    """A page of a person who is signed in to an organization of theirs and has no second factor yet."""
    with platform_context():
        User.objects.filter(email=EMAIL).delete()
        owner = User.objects.create_user(EMAIL, PASSWORD, name="Una")
        EmailAddress.objects.create(user=owner, email=EMAIL, verified=True, primary=True)
    organization = founded(owner=owner)
    return sign_in(f"{organization.slug}.localhost", EMAIL).new_page()


def open_protected(page: Page, path: str) -> None:
    """Open a page that asks for the password again."""
    page.goto(path)
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(f"**{path}")


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")


def test_a_code_is_asked_for_once_the_app_is_set_up(account: Page) -> None:
    open_protected(account, "/accounts/2fa/totp/activate/")
    secret = account.locator("#totp-secret").inner_text()
    account.get_by_label("Code").fill(code_of(secret))
    account.get_by_role("button", name="Switch it on").click()
    expect(account.get_by_text("10 of 10 left")).to_be_visible()
    recovery = account.locator("#recovery-codes").inner_text().split()[0]

    sign_out(account)
    account.get_by_label("E-mail").fill(EMAIL)
    account.get_by_label("Password").fill(PASSWORD)
    account.get_by_role("button", name="Sign in", exact=True).click()
    expect(account.get_by_role("heading", name="One more step")).to_be_visible()
    account.get_by_label("Code").fill("000000")
    account.get_by_role("button", name="Sign in", exact=True).click()
    expect(account.get_by_text("Incorrect code")).to_be_visible()
    # The app's code of this half minute was used above, and no code works twice.
    account.get_by_label("Code").fill(recovery)
    account.get_by_role("button", name="Sign in", exact=True).click()
    expect(account.get_by_role("heading", name="Hello, Una")).to_be_visible()


def test_a_passkey_opens_the_account_without_a_password(account: Page) -> None:
    devtools = account.context.new_cdp_session(account)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    open_protected(account, "/accounts/2fa/webauthn/add/")
    account.get_by_label("Sign in with this key alone").check()
    account.get_by_role("button", name="Add").click()
    account.wait_for_url(lambda url: "/add/" not in url)

    sign_out(account)
    account.get_by_role("button", name="Use a passkey").click()
    expect(account.get_by_role("heading", name="Hello, Una")).to_be_visible()


def test_a_passkey_that_is_refused_is_said_in_words(account: Page) -> None:
    sign_out(account)
    devtools = account.context.new_cdp_session(account)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**AUTHENTICATOR, "isUserVerified": False}})
    account.get_by_role("button", name="Use a passkey").click()
    expect(account.get_by_role("alert")).to_contain_text("passkey", timeout=15_000)
