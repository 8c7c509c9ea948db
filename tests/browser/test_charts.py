"""Charts: the same amounts as the server writes, a table for readers, and the theme's colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from billing import metering
from billing.metering import Closing, NewRecord
from orchestrall.templatetags.ui import money
from tenants.context import platform_context, tenant_context
from tenants.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.browser

EMAIL = "cho@charts.example"
AMOUNTS = [0, 0.0002, 0.00017, 0.0000012, 0.0018, 0.003, 0.0213, 0.129, 0.5, 0.74, 0.7412, 1, 14.28, 2400, -0.0034]


@pytest.fixture
def overview(founded: Callable[..., Any], sign_in: Callable[..., BrowserContext]) -> Iterator[Page]:
    """The overview of an organization that asked one large and one small model today."""
    with platform_context():
        User.objects.filter(email=EMAIL).delete()
        owner = User.objects.create_user(EMAIL, PASSWORD, name="Cho")
    organization = founded(owner=owner)
    with tenant_context(organization):
        for tier, cost in (("small", "0.0002"), ("large", "0.0100")):
            record = metering.open_record(NewRecord(query_id=uuid4(), provider="demo", model=tier, tier=tier))
            metering.close_record(record, Closing(outcome="final", cost=Decimal(cost), baseline_cost=Decimal("0.0100")))
    page = sign_in(f"{organization.slug}.localhost", EMAIL, viewport={"width": 1280, "height": 900}).new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/")
    page.wait_for_selector("[data-chart] canvas")
    yield page
    assert complaints == []


def test_the_browser_writes_amounts_as_the_server_does(overview: Page) -> None:
    script = "async (amounts) => { const m = await import('/static/js/charts.js'); return amounts.map(m.money); }"
    assert overview.evaluate(script, AMOUNTS) == [money(amount) for amount in AMOUNTS]


def test_the_figures_of_a_chart_can_be_read_as_a_table(overview: Page) -> None:
    overview.get_by_text("Show as table").click()
    today = overview.get_by_role("region", name="The chart's figures").get_by_role("row").last
    expect(today).to_contain_text("Today")
    expect(today).to_contain_text("$0.0002")
    expect(today).to_contain_text("$0.0098")


def test_a_chart_tells_its_day_under_the_pointer(overview: Page) -> None:
    box = overview.locator("[data-chart]").bounding_box()
    assert box is not None
    overview.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] / 2)
    tip = overview.locator(".o-tt")
    expect(tip).to_contain_text("Today")
    expect(tip).to_contain_text("All-large$0.02")


def test_a_chart_is_drawn_again_in_the_other_themes_colours(overview: Page) -> None:
    picture = "document.querySelector('[data-chart] canvas').toDataURL()"
    before = overview.evaluate(picture)
    overview.get_by_role("button", name="Switch between light and dark").click()
    overview.wait_for_timeout(600)
    assert overview.evaluate(picture) != before
