"""What the relay itself tells pages is found where it is said, so that none of it stays in English unnoticed."""

from textwrap import dedent

from tests.docs.own_texts import own_texts, texts_in


def test_errors_are_found_with_places_by_the_names_of_what_stands_there() -> None:
    module = """
        raise ConfigError(f"{path}: cannot be written: {error.strerror}; {', '.join(names)}")
        raise DeskError("gone", "it is withdrawn already", "id")
    """

    assert _texts(module) == ["{path}: cannot be written: {strerror}; {names}", "it is withdrawn already"]


def test_different_things_of_one_name_have_different_places() -> None:
    assert _texts('VoxtaError(f"{one.name} is {other.name}, not {one.name}")') == ["{name} is {name_1}, not {name}"]


def test_how_something_is_and_why_a_message_ended_are_found() -> None:
    module = """
        def health(self):
            return "all is well" if self.is_well else f"{self.name} is away"

        self._problem = "not there yet"
        self._end(message, Outcome.EXPIRED, "waited too long")
        Retraction(reason="deleted")
        use(for_pages("whatever is marked"), "and nothing else")
    """

    assert set(_texts(module)) == {
        *("all is well", "{name} is away", "not there yet", "waited too long", "deleted", "whatever is marked"),
    }


def test_what_actions_do_and_what_their_fields_are_for_is_found() -> None:
    module = """
        DeskAction("tick", "Tick support off", Tick, self._tick)
        id: str = Field(max_length=300, description="of a row")
    """

    assert set(_texts(module)) == {"Tick support off", "of a row"}


def test_of_answers_each_sentence_is_found_and_no_docstring() -> None:
    module = '''
        def mute(now, argument):
            """Do not hear somebody."""
            return now.with_(muted=argument), f"{quoted(argument)} is muted."
    '''

    assert _texts(module, answers=True) == ["{argument} is muted."]


def test_a_name_or_a_setting_alone_is_no_text() -> None:
    assert _texts('ConfigError(f"inbox.url: {error}"); ConfigError(str(error)); ConfigError(f"{a}: {b}")') == []


def test_the_relay_has_them_in_all_its_rooms() -> None:
    assert {"OBS cannot be reached at {url}", "waited too long", "no page is open", "moderator"} <= set(own_texts())


def _texts(module: str, *, answers: bool = False) -> list[str]:
    return list(texts_in(dedent(module), answers=answers))
