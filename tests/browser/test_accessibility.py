"""Pages have no barriers that axe calls serious, in both themes, on a screen and on a phone, and fit into both."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, ViewportSize

from agents.tickets import desk
from tenants.context import platform_context, tenant_context
from tenants.models import User
from tests.browser.axe import barriers
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.promise("UI-1")]

SCREENS: dict[str, ViewportSize] = {"screen": {"width": 1280, "height": 800}, "phone": {"width": 375, "height": 800}}
PUBLIC = ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nothing/")
ACCOUNT = ("/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/sessions/")
PAGES_OF_AN_ORGANIZATION = (
    "/", "/search/?q=incident", "/chat/", "/tickets/", "/tickets/board/", "/tickets/new/", "/tickets/INC-000001/",
    "/agents/", "/agents/front-desk/", "/agents/front-desk/edit/", "/agents/front-desk/versions/", "/agents/hire/",
    "/agents/roles/", "/org-chart/", "/costs/", "/audit/", "/audit/1/", "/settings/organization/",
    "/settings/members/", "/settings/keys/", "/settings/plan/", *ACCOUNT, "/nothing/",
)  # fmt: skip


def _note_message(complaints: list[str], message: ConsoleMessage) -> None:
    if message.type == "error":
        complaints.append(message.text)


def _note_error(complaints: list[str], error: Error) -> None:
    complaints.append(str(error))


def walk(context: BrowserContext, host: str, paths: tuple[str, ...], theme: str) -> dict[str, list[str]]:
    """Open each path of a host and return what is wrong with it."""
    context.add_cookies([{"name": "theme", "value": theme, "domain": host, "path": "/"}])
    wrong: dict[str, list[str]] = {}
    for path in paths:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", partial(_note_message, complaints))
        page.on("pageerror", partial(_note_error, complaints))
        page.goto(path)
        page.wait_for_timeout(200)
        complaints = [one for one in complaints if not _is_expected(one)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            complaints.append("wider than the screen")
        if problems := [*complaints, *barriers(page)]:
            wrong[path] = problems
        page.close()
    return wrong


def _is_expected(complaint: str) -> bool:
    """Sockets have no server here, and a page that is not found says so in the console."""
    return "WebSocket" in complaint or "404" in complaint


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_pages_for_anyone_have_no_barrier(browser: Browser, port: int, screen: str, theme: str) -> None:
    context = browser.new_context(base_url=f"http://localhost:{port}", viewport=SCREENS[screen])
    assert walk(context, "localhost", PUBLIC, theme) == {}
    context.close()


@pytest.fixture
def own_organization(founded: Callable[..., Any]) -> Any:
    """An organization with an owner and a ticket; the address of the owner is its slug's."""
    with platform_context():
        User.objects.filter(email="eve@barriers.example").delete()
        owner = User.objects.create_user("eve@barriers.example", PASSWORD, name="Eve")
    organization = founded(owner=owner, industry="technology")
    with tenant_context(organization):
        desk.open_ticket(desk.NewTicket(kind="incident", title="VPN drops at nine"), actor=owner.actor)
    return organization


@pytest.mark.parametrize(("screen", "theme"), [("screen", "light"), ("phone", "dark")])
def test_pages_of_an_organization_have_no_barrier(
    own_organization: Any, sign_in: Callable[..., BrowserContext], screen: str, theme: str
) -> None:
    host = f"{own_organization.slug}.localhost"
    context = sign_in(host, "eve@barriers.example", viewport=SCREENS[screen])
    assert walk(context, host, PAGES_OF_AN_ORGANIZATION, theme) == {}


def test_the_phones_menu_opens_traps_the_focus_and_closes(
    own_organization: Any, sign_in: Callable[..., BrowserContext]
) -> None:
    page = sign_in(f"{own_organization.slug}.localhost", "eve@barriers.example", viewport=SCREENS["phone"]).new_page()
    page.goto("/")
    opener = page.get_by_role("button", name="More")
    opener.click()
    menu = page.get_by_role("dialog", name="Menu")
    assert menu.get_by_role("link", name="Settings").is_visible()
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    assert opener.evaluate("button => button === document.activeElement")


def test_the_theme_is_kept_for_the_next_page(browser: Browser, port: int) -> None:
    context = browser.new_context(base_url=f"http://localhost:{port}", color_scheme="light")
    page = context.new_page()
    page.goto("/")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"
    page.get_by_role("button", name="Switch between light and dark").click()
    page.goto("/accounts/login/")
    assert 'data-bs-theme="dark"' in page.request.get("/accounts/login/").text()
    context.close()
