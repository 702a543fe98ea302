"""The tags of Voxta's texts: `{{ char }}` and its like become names, every other tag vanishes."""

import re
from collections.abc import Mapping
from typing import Final

_TAG: Final = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)


def render(text: str, names: Mapping[str, str]) -> str:
    """Replace each tag by its name, in one pass: what a name brings along is not looked at again."""
    return _TAG.sub(lambda tag: names.get(tag[1], ""), text)
