"""Chromium, and the product's pages served from this process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.conftest import PASSWORD

# Nothing but the pages under test is asked for: a browser on its own talks to its maker.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class PlainServer(LiveServerThread):
    """Serves the product as it is: static files come from its own middleware."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", lambda handler: handler, connections_override={})


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium from the PATH."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("There is no Chromium on the PATH.")
    # Playwright keeps an event loop in this thread, from which Django would refuse to ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def port(django_db_setup: None, django_db_blocker: Any) -> Iterator[int]:
    """The port on which the pages are served; hosts are `localhost` and `<slug>.localhost`."""
    with django_db_blocker.unblock():
        server = PlainServer()
        server.start()
        server.is_ready.wait()
        if server.error:
            raise server.error
        yield server.port
        server.terminate()


@pytest.fixture
def sign_in(browser: Browser, port: int) -> Iterator[Callable[..., BrowserContext]]:
    """A function: a browser context signed in on a host, `sign_in("acme.localhost", "alice@alice.example")`."""
    contexts: list[BrowserContext] = []

    def enter(host: str, email: str, **options: Any) -> BrowserContext:
        context = browser.new_context(base_url=f"http://{host}:{port}", **options)
        contexts.append(context)
        page = context.new_page()
        page.goto("/accounts/login/")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(f"http://{host}:{port}/")
        page.close()
        return context

    yield enter
    for context in contexts:
        context.close()
