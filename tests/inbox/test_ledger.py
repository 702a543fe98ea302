from hypothesis import given
from hypothesis import strategies as st

from relay.inbox import ledger
from relay.model import Retraction
from tests.contracts.samples import message

anything = st.text(st.characters(codec=None, exclude_categories=()))


@given(anything)
def test_well_formed_text_can_be_encoded_and_stays_as_long(text: str) -> None:
    mended = ledger.well_formed(text)

    assert mended.encode().decode() == mended
    assert ledger.well_formed(mended) == mended


@given(st.text())
def test_text_that_is_well_formed_stays_as_it_is(text: str) -> None:
    assert ledger.well_formed(text) == text


@given(anything, anything)
def test_an_entry_can_always_be_read_again(text: str, name: str) -> None:
    fit, line = ledger.fit(message(name, text=text))

    read = ledger.decode_message(line)
    assert (read, read.text) == (fit, ledger.well_formed(text))


def test_a_retraction_without_id_author_or_channel_names_its_whole_platform() -> None:
    everything = Retraction(platform="twitch", reason="cleared")

    assert ledger.names(everything, message(1))
    assert not ledger.names(everything, message(1, platform="discord"))
