"""What a page is made of comes as one script and one file of styles, in which nothing is left out."""

import re
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from relay.web import page_files
from relay.web.page_files import script
from tests.web.stage import Stage

STATIC = Path(page_files.__file__).parent / "static"
_NEEDED = re.compile(r'(?:href|src)="([^"]*static/[^"]*)"')


@pytest.mark.parametrize(("path", "own"), [("/", "desk"), ("/dock/next", "desk"), ("/overlay", "overlay")])
async def test_a_page_takes_two_files(stage: Stage, path: str, own: str) -> None:
    async with aiohttp.ClientSession(headers={"Accept": "text/html"}) as http:
        async with http.get(f"{stage.url}{path}") as answer:
            needed = _NEEDED.findall(await answer.text())
        assert [file.rpartition("/")[2] for file in needed] == [f"{own}.css", f"{own}.js"]
        for file, kind in zip(needed, ("text/css", "text/javascript"), strict=True):
            async with http.get(answer.url.join(URL(file))) as found:
                assert (found.status, found.content_type) == (200, kind)


async def test_every_style_is_served(stage: Stage) -> None:
    async with aiohttp.ClientSession() as http:
        texts = []
        for name in ("desk", "overlay"):
            async with http.get(f"{stage.url}/static/{name}.css") as answer:
                texts.append(await answer.text())
    for file in STATIC.rglob("*.css"):
        assert file.read_text("utf-8") in texts["desk" not in file.parent.name], file


def test_every_module_is_in_a_script_once_and_after_what_it_imports() -> None:
    scripts = [script("desk/main.js"), script("overlay.js")]
    for file in STATIC.rglob("*.js"):
        begin = f'modules["{file.relative_to(STATIC).as_posix()}"] = await'
        own = [each for each in scripts if begin in each]
        assert own, file
        for each in own:
            assert each.count(begin) == 1
            _, _, rest = each.partition(begin)
            body, _, _ = rest.partition("\n})();")
            before = each[: each.index(begin)]
            for imported in re.findall(r'= (modules\["[^"]+"\]);', body):
                assert f"{imported} = await" in before, (file, imported)


@pytest.mark.parametrize("entry", ["desk/main.js", "overlay.js"])
def test_nothing_is_left_of_imports_and_exports(entry: str) -> None:
    first, *lines = script(entry).splitlines()
    assert first == "export const modules = {};"
    assert not [line for line in lines if re.match(r"(import|export)\b", line)]
