"""Take the picture of the README: `.venv/bin/python -m bench.screenshot PORT`.

`make run` runs on that port, and `manage.py demo_history meridian` has given it something to show.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
PASSWORD = "orchestrall"  # noqa: S105 - the demonstration's, published on purpose


def take(port: int, file: Path) -> None:
    """Sign in to meridian and take the overview at 1280 pixels."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(base_url=f"http://meridian.localhost:{port}", viewport={"width": 1280, "height": 860})
        page.goto("/accounts/login/")
        page.get_by_label("E-mail").fill("owner@meridian.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/")
        expect(page.locator("[data-live]").first).to_have_text("Live")
        page.screenshot(path=file)
        browser.close()


if __name__ == "__main__":
    take(int(sys.argv[1]), ROOT / "docs" / "img" / "overview.png")
