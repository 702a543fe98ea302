"""Every text of the desk stands in its catalogue, and is translated."""

import re
from pathlib import Path

import polib
import pytest

from relay.application.settings.catalogue import catalogue as settings
from relay.web.desk.texts import LOCALE, catalogue
from tests.docs.desk_texts import TEMPLATE, phrases_of, said, template, texts_of, translated

TRANSLATIONS = sorted(LOCALE.glob("*.po"))
PLACEHOLDER = re.compile(r"\{(\w+)\}")
HINT = "run `make docs`, and translate what is new"


def test_texts_are_found_by_how_they_are_marked() -> None:
    script = """
        const a = t("One {x}", { x }); n("{count} b", "{count} bs", 2); other("three"); t(variable);
        t("A {b}", { b: t("nested") });
    """

    assert texts_of(script) == {"One {x}": "", "{count} b": "{count} bs", "A {b}": "", "nested": ""}


def test_texts_of_the_relay_itself_are_found_by_how_they_are_marked() -> None:
    assert phrases_of('a = Form(phrase("One {x}", x=1), phrase(variable), other("three"))') == {"One {x}": ""}


def test_what_each_setting_is_for_is_said_on_the_desk() -> None:
    assert {setting.about for setting in settings().values()} <= {*said(), ""}


def test_the_template_has_what_the_desk_says() -> None:
    assert TEMPLATE.read_text("utf-8").rstrip() == template().rstrip(), HINT


@pytest.mark.parametrize("file", TRANSLATIONS, ids=lambda file: file.stem)
def test_a_translation_has_what_the_desk_says(file: Path) -> None:
    assert file.read_text("utf-8").rstrip() == translated(file).rstrip(), HINT


@pytest.mark.parametrize("file", TRANSLATIONS, ids=lambda file: file.stem)
def test_a_translation_is_whole_and_has_the_same_gaps(file: Path) -> None:
    entries = polib.pofile(str(file), encoding="utf-8")

    assert [entry.msgid for entry in entries if not entry.translated() or entry.fuzzy] == []
    assert [entry.msgid for entry in entries if not _has_the_same_gaps(entry)] == []


def _has_the_same_gaps(entry: polib.POEntry) -> bool:
    """Forms for one may leave out the number, which they say in words."""
    wanted = set(PLACEHOLDER.findall(entry.msgid + entry.msgid_plural))
    forms = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
    return all(wanted - {"count"} <= set(PLACEHOLDER.findall(form)) <= wanted for form in forms)


def test_browsers_get_one_form_or_one_for_each_number() -> None:
    german = catalogue("de")

    assert german is not None
    assert german["Emergency"] == "Notfall"
    assert german["and {count} more"] == ["und {count} weitere", "und {count} weitere"]
    assert catalogue("xx") is None
