"""The main job as a person lives it: from `make run` to a chain that somebody has tampered with."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, ViewportSize, expect

from orchestrall.demo import PASSWORD
from tests.browser.axe import barriers
from tests.orchestrall.running import ROOT, Run, free_port

pytestmark = [pytest.mark.browser, pytest.mark.promise("UI-1"), pytest.mark.promise("AUD-3")]

ANSWER_MS = 60_000
VPN = "My VPN drops every day at nine, find out why and open a ticket"
PAGES = ("/", "/chat/", "/tickets/", "/tickets/board/", "/tickets/INC-000001/", "/costs/", "/audit/")
SCREEN: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 375, "height": 800}
TAMPER = re.compile(r"```sql\n(BEGIN;.*?COMMIT;)\n```", re.DOTALL)


@pytest.fixture(scope="module")
def stack() -> Iterator[Run]:
    """`make run` on a state folder of its own, with the demonstration's organizations."""
    with tempfile.TemporaryDirectory(prefix="walk-", ignore_cleanup_errors=True) as folder:
        run = Run(Path(folder), free_port())
        try:
            run.wait_until_ready()
            yield run
        finally:
            run.end()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console had to say."""
    return []


@pytest.fixture
def acme(browser: Browser, stack: Run, complaints: list[str]) -> Iterator[BrowserContext]:
    """A browser on acme's host whose console is heard."""
    context = browser.new_context(base_url=f"http://acme.localhost:{stack.port}")
    context.set_default_timeout(ANSWER_MS)
    context.on("console", partial(_note_message, complaints))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    yield context
    context.close()


def _note_message(complaints: list[str], message: ConsoleMessage) -> None:
    if message.type == "error":
        complaints.append(message.text)


def test_one_command_runs_the_whole_loop(stack: Run, acme: BrowserContext, complaints: list[str]) -> None:
    page = acme.new_page()
    sign_in(page)
    ask_the_front_desk(page)
    see_the_ticket(page)
    see_what_it_cost(page)
    see_what_the_pages_are_like(page)
    verify_the_chain(page)
    assert complaints == []
    tamper_as_the_owner(stack)
    see_which_entry_was_changed(page)
    assert complaints == []


def sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill("owner@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
    expect(page.locator("[data-live]").first).to_have_text("Live")


def ask_the_front_desk(page: Page) -> None:
    page.get_by_role("link", name="Ask the front desk").first.click()
    figures = ask(page, "Hi")
    expect(figures).to_contain_text("llama-3.2-3b")
    expect(figures).to_contain_text("Front desk")
    figures = ask(page, VPN)
    expect(page.locator(".o-turn")).to_contain_text("Incident manager")
    expect(page.locator(".o-ticketcard")).to_contain_text("INC-000001")
    for words in ("Incident manager", "gpt-4o", "score", "tokens", "all-large would have cost"):
        expect(figures).to_contain_text(words)
    figures.click()
    expect(page.locator(".o-why-more").last).to_contain_text("Why large")


def ask(page: Page, text: str) -> Locator:
    """Write, wait for the whole answer, and return the line of figures under it."""
    before = page.locator("details.o-why").count()
    page.get_by_role("textbox", name="Message").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("details.o-why")).to_have_count(before + 1)
    return page.locator("details.o-why > summary").last


def see_the_ticket(page: Page) -> None:
    page.goto("/tickets/")
    expect(page.locator("main")).to_contain_text("INC-000001")
    page.goto("/tickets/board/")
    expect(page.locator("main")).to_contain_text("INC-000001")
    page.get_by_role("link", name="INC-000001").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("VPN drops every day at nine")
    expect(page.locator("main")).to_contain_text("Incident manager")


def see_what_it_cost(page: Page) -> None:
    page.goto("/costs/")
    queries = page.locator(".o-queries > li")
    expect(queries).to_have_count(2)
    queries.first.locator("summary").click()
    expect(queries.first.locator("table")).to_contain_text("gpt-4o")
    expect(queries.first.locator("table")).to_contain_text("open_ticket")


def see_what_the_pages_are_like(page: Page) -> None:
    """Nothing that axe calls serious, on a screen and on a phone, where nothing is wider than the screen."""
    wrong: dict[str, list[str]] = {}
    for size in (SCREEN, PHONE):
        page.set_viewport_size(size)
        for path in PAGES:
            page.goto(path)
            found = barriers(page)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append("wider than the screen")
            if found:
                wrong[f"{path} at {size['width']}"] = found
    page.set_viewport_size(SCREEN)
    assert wrong == {}


def verify_the_chain(page: Page) -> None:
    page.goto("/audit/")
    for words in ("hired", "asked", "opened"):
        expect(page.locator("#chain")).to_contain_text(words)
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator("#verdict")).to_contain_text("The chain is whole")


def tamper_as_the_owner(stack: Run) -> None:
    """The lines of the documentation, through the same door as `make psql`."""
    statements = TAMPER.search((ROOT / "docs" / "audit-chain.md").read_text())
    assert statements is not None
    subprocess.run(
        [sys.executable, "manage.py", "dbshell", "--database", "owner", "--", "-v", "ON_ERROR_STOP=1", "-q"],
        input=statements.group(1),
        cwd=ROOT,
        env=stack.environment,
        text=True,
        check=True,
        capture_output=True,
    )


def see_which_entry_was_changed(page: Page) -> None:
    page.goto("/audit/?all=1")
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator("#verdict")).to_contain_text("The chain is broken at entry 3")
    expect(page.locator("#verdict")).to_contain_text("Edited")
