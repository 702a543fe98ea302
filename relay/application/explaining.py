"""`relay why`: what happened to a message, as the relay that runs knows it, here or elsewhere, or as it is stored."""

from pathlib import Path

from relay.application.runtime_controls import story
from relay.application.settings import load
from relay.application.steering import steered
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.inbox.build import build as build_inbox


async def explained(path: Path | None, companion: str | None, key: str) -> str:
    """In one line. Raises ConfigError and InboxError, some in a group."""
    try:
        return "\n".join(await steered(path, companion, f"why {key}"))
    except* ConfigError:  # none runs, so the store is free to be asked; else what is wrong is told again
        pass
    return await explain(load(path, companion), key)


async def explain(config: Config, key: str) -> str:
    """The same as it is stored. Raises InboxError."""
    inbox = build_inbox(config.inbox, config.relay.name, config.inbox_path)
    await inbox.open(to_look=True)
    try:
        return await story(inbox, key)
    finally:
        await inbox.close()
