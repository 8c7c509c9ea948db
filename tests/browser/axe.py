"""What axe finds serious on a page."""

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
RULES = "{runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}}"
SERIOUS = {"serious", "critical"}


def barriers(page: Page) -> list[str]:
    """What axe finds serious, each with the first place it was found at."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(f"axe.run(document, {RULES})")["violations"]
    serious = [one for one in found if one["impact"] in SERIOUS]
    return [f"{one['id']}: {one['help']} at {one['nodes'][0]['target']} ({len(one['nodes'])})" for one in serious]
