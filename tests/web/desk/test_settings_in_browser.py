"""The settings on the desk, of a real relay with a file of its own."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import expect
from rich.console import Console

from relay.application.runs import live
from relay.application.settings.file import SettingsFile
from tests.axe import complaints
from tests.browser import Pages
from tests.doubles.ports import free_port
from tests.support import eventually
from tests.web.desk.office import Office, shown

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_setting_is_found_changed_and_restarted_with_and_a_mistake_stands_beside_it(
    pages: Pages, tmp_path: Path
) -> None:
    port = free_port()
    file = SettingsFile(tmp_path / "relay.toml")
    file.path.write_text(
        f"# mine\n[relay]\ndata_dir = {str(tmp_path)!r}\n[web]\nport = {port} # here\n[companion]\nport = 0\n", "utf-8"
    )
    run = asyncio.create_task(live(file, Console(stderr=True, force_terminal=False), mends=False))
    await eventually(lambda: (tmp_path / "relay.control").exists() or run.done())
    problems: list[str] = []
    address = f"http://127.0.0.1:{port}/#settings"
    async with shown(pages, address, problems, viewport={"width": 300, "height": 800}) as page:
        await page.get_by_label("Search the settings").fill("character is called")
        await expect(page.locator(".setting:visible")).to_have_count(1)
        name = page.get_by_label("companion.name", exact=True)
        await name.fill("")
        await name.press("Enter")
        await expect(page.get_by_text("at least 1 character")).to_be_visible()
        await name.fill("Vivi")
        await name.press("Enter")
        await page.get_by_role("button", name="Restart now").click()
        await expect(page.locator(".settings-restart")).to_be_hidden()  # it has begun anew, and nothing moves any more
        await expect(page.get_by_label("companion.name", exact=True)).to_have_value("Vivi")

        await page.get_by_label("Search the settings").fill("")
        await page.get_by_label("Only what differs from the default").check()
        await expect(page.get_by_label("web.port")).to_have_value(str(port))
        await expect(page.get_by_label("web.token")).to_be_hidden()
        assert await complaints(page, within=".settings") == []
        rightmost = (
            "Math.max(...[...document.querySelectorAll('.settings *')].map((e) => e.getBoundingClientRect().right))"
        )
        assert await page.evaluate(rightmost) <= 300
        assert not [each for each in problems if "WebSocket" not in each and "ERR_CONNECTION" not in each]
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run

    assert file.text().startswith("# mine\n")
    assert f"port = {port} # here\n" in file.text()
    assert file.load().companion.name == "Vivi"


STORED = """async () => {
  const { settings } = (await import("/static/desk.js")).modules["desk/settings.js"];
  const row = (key, type, value) => ({
    key, type, value, section: "web", about: "", default: null, set: false, choices: [], least: null, most: null,
    whole: true, outside: null, live: false,
  });
  window.port = 8081;
  const show = () => ({
    file: "relay.toml", sections: [{ name: "web", about: "" }], problem: null, waiting: [],
    settings: [row("web.host", "text", "localhost"), row("web.port", "number", port), row("web.token", "secret", true)],
  });
  const profiles = () => ({ profiles: ["racing"], current: null });
  const answers = { settings: show, profiles };
  const ask = async (action) => answers[action]();
  window.connection = Object.assign(new EventTarget(), { state: "open", ask });
  document.querySelector("main").replaceChildren(settings(connection));
}"""
"""The view, over a connection of its own."""


async def test_what_is_being_typed_stays_while_the_connection_comes_back(desk: Office) -> None:
    async with desk.page("/#live") as page:
        await page.evaluate(STORED)
        host, port, token = (page.get_by_label(f"web.{name}", exact=True) for name in ("host", "port", "token"))
        await token.fill("a-token-nobody-guesses")
        await host.fill("relay.examp")

        await page.evaluate("port = 8082; connection.dispatchEvent(new Event('change'))")
        await expect(port).to_have_value("8082")
        await page.keyboard.type("le")
        await expect(host).to_have_value("relay.example")
        await expect(token).to_have_value("a-token-nobody-guesses")
        await expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(2)

        await page.get_by_role("button", name="Use", exact=True).click()
        await expect(host).to_have_value("localhost")


SEVERAL = (
    STORED.replace(
        'row("web.token", "secret", true)',
        """{ ...row("commands.own", "table", '[[commands.own]]\\nname = "lurk" # mine\\n'), default: "", entry }""",
    )
    .replace(
        "  window.port = 8081;",
        """  const role = { type: "string", enum: ["viewer", "vip"], default: "viewer" };
  const answer = { type: "string", default: "", description: "what is posted" };
  const cooldown = { type: "number", minimum: 0, default: 0 };
  const properties = { name: { type: "string" }, answer, least_role: role, cooldown };
  const entry = { required: ["name"], properties };
  window.port = 8081;
  window.written = [];""",
    )
    .replace(
        "async (action) => answers[action]();",
        """async (action, { values } = {}) => {
    if (action !== "set") return answers[action]();
    written.push(values["commands.own"]);
    if (values["commands.own"].includes("Hug")) throw new Error("'Hug' has capital letters");
    return { waiting: [] };
  };""",
    )
)
"""The same with a setting of which there can be several, and what is written of it."""


async def test_one_more_command_is_made_by_filling_in_fields_and_what_is_there_stays(desk: Office) -> None:
    async with desk.page("/#live") as page:
        await page.evaluate(SEVERAL)
        await page.get_by_text("Add an entry").click()
        name, text = page.get_by_label("name", exact=True), page.get_by_label("commands.own", exact=True)
        await name.fill("Hug")
        await page.get_by_label("answer what is posted", exact=True).fill('A "hug" for {author}!')
        await page.get_by_label("cooldown", exact=True).fill("1.5")
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.locator("form").get_by_text("'Hug' has capital letters")).to_be_visible()
        await expect(text).not_to_have_attribute("aria-invalid", "true")
        await expect(text).to_have_value('[[commands.own]]\nname = "lurk" # mine\n')

        await name.fill("hug")
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(name).to_have_value("")
        assert await complaints(page, within=".settings") == []
        written = await page.evaluate("written.at(-1)")

    assert written == (
        '[[commands.own]]\nname = "lurk" # mine\n\n'
        '[[commands.own]]\nname = "hug"\nanswer = "A \\"hug\\" for {author}!"\ncooldown = 1.5\n'
    )


async def test_in_german_it_says_in_german_what_settings_are_for_and_finds_them_by_it(desk: Office) -> None:
    explained = STORED.replace('about: ""', 'about: "whether it is served"', 1).replace(
        'name: "web", about: ""', 'name: "web", about: "the companion\'s voice"'
    )
    async with desk.page("/#live", locale="de-DE") as page:
        await page.evaluate(explained)
        await page.locator("input[type=search]").fill("ob es sie gibt")

        await expect(page.locator("#setting-web-host-about")).to_contain_text("ob es sie gibt")
        await expect(page.locator(".setting:visible")).to_have_count(3)
        await expect(page.locator("summary")).to_contain_text("die Stimme der Begleitung")
