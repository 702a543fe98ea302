import pytest
from pydantic import ValidationError

from relay.platforms.discord.settings import DiscordSection


@pytest.mark.parametrize("address", ["localhost", "localhost:0", "localhost:65536", "a b:1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="connect_to"):
        DiscordSection(connect_to=address)


@pytest.mark.parametrize("channel", [0, -5])
def test_a_channel_id_that_is_none_is_refused(channel: int) -> None:
    with pytest.raises(ValidationError, match="channels"):
        DiscordSection(channels=(channel,))


def test_listening_needs_a_token_and_channels() -> None:
    with pytest.raises(ValidationError, match="token is missing"):
        DiscordSection(enabled=True)
