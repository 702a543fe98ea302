"""What every view of the desk has to be: usable with a keyboard, a screen reader and a narrow window."""

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Page


async def assert_accessible(page: Page) -> None:
    """By axe, and nothing of it is wider than the window."""
    await page.evaluate(AXE_FILE_PATH.read_text("utf-8"))
    found = await page.evaluate(
        "async () => (await axe.run('main', {runOnly: ['wcag2a', 'wcag2aa', 'wcag22aa']})).violations"
    )
    assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found] == []
    assert await page.evaluate("document.querySelector('main').scrollWidth <= innerWidth")
