"""Whether a page is accessible, by axe."""

from collections.abc import Sequence

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import Page

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
RULES = (*WCAG, "best-practice")
COLOURS = ("color-contrast",)
"""All that another colour scheme can break."""
_LOOK = """async ([context, runOnly]) => {
  const found = await axe.run(context, { runOnly, resultTypes: ["violations"] });
  const told = ({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`);
  return found.violations.flatMap(told);
}"""


async def complaints(page: Page, rules: Sequence[str] = RULES, *, within: str = "html") -> list[str]:
    """What it finds wrong there, each as rule, place and mend."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_FILE_PATH.read_text("utf-8"))
    found: list[str] = await page.evaluate(_LOOK, [within, list(rules)])
    return found
