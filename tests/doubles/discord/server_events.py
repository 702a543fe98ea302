"""What happens on the local server besides messages, as the gateway tells it to who asked for it."""

from typing import Any, Final

from tests.doubles.discord.clock import timestamp
from tests.doubles.discord.gateway import Gateway
from tests.doubles.discord.sessions import GUILD_MEMBERS
from tests.doubles.discord.world import Json, Person, World

GUILDS, GUILD_MESSAGE_REACTIONS, GUILD_SCHEDULED_EVENTS = 1 << 0, 1 << 10, 1 << 16
"""Gateway, "List of Intents"."""
SCHEDULED, ACTIVE, COMPLETED, CANCELED = 1, 2, 3, 4
"""Guild Scheduled Event, "Guild Scheduled Event Status"."""
BOOST, BOOST_TIER_2 = 8, 10
"""Message resource, "Message Types"."""
PARTY: Final = {"id": None, "name": "🎉"}
"""Emoji resource, "Standard Emoji Example"."""


class ServerEvents:
    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway

    async def react(self, person: Person, channel: str, message: str, emoji: Json = PARTY) -> None:
        """Gateway Events, "Message Reaction Add"."""
        author = self._world.messages[message]["author"]["id"]
        event = {
            "user_id": person.id, "channel_id": channel, "message_id": message, "guild_id": self._world.guild_id,
            "member": self._world.full_member(person), "emoji": emoji, "message_author_id": author, "burst": False,
            "type": 0,
        }  # fmt: skip
        await self._gateway.dispatch("MESSAGE_REACTION_ADD", event, GUILD_MESSAGE_REACTIONS)

    async def join(self, person: Person, ago: float = 0.0) -> None:
        """Gateway Events, "Guild Member Add"; also sent for people who joined long `ago`."""
        joined = {"joined_at": timestamp(self._world.clock.now() - ago), "guild_id": self._world.guild_id}
        await self._gateway.dispatch("GUILD_MEMBER_ADD", self._world.full_member(person) | joined, GUILD_MEMBERS)

    def scheduled_event(self, name: str, creator: Person | None = None, **more: Any) -> Json:
        """Guild Scheduled Event, "Guild Scheduled Event Structure": one outside of Discord, as planned."""
        event: Json = {
            "id": self._world.new_id(), "guild_id": self._world.guild_id, "channel_id": None, "creator_id": None,
            "name": name, "description": None, "scheduled_start_time": "2030-05-01T18:00:00+00:00",
            "scheduled_end_time": "2030-05-01T20:00:00+00:00", "privacy_level": 2, "status": SCHEDULED,
            "entity_type": 3, "entity_id": None, "entity_metadata": {"location": "the park"}, "user_count": 0,
            "image": None, "recurrence_rule": None,
        }  # fmt: skip
        if creator is not None:
            event |= {"creator_id": creator.id, "creator": creator.user()}
        return event | more

    async def tell_event(self, change: str, event: Json) -> None:
        """Gateway Events, "Guild Scheduled Event Create", "Update" and "Delete"."""
        await self._gateway.dispatch(f"GUILD_SCHEDULED_EVENT_{change}", event, GUILD_SCHEDULED_EVENTS)

    def stage(self, channel: str, topic: str) -> Json:
        """Stage Instance resource, "Stage Instance Structure"."""
        return {
            "id": self._world.new_id(), "guild_id": self._world.guild_id, "channel_id": channel, "topic": topic,
            "privacy_level": 2, "discoverable_disabled": True, "guild_scheduled_event_id": None,
        }  # fmt: skip

    async def tell_stage(self, change: str, stage: Json) -> None:
        """Gateway Events, "Stage Instance Create", "Update" and "Delete"."""
        await self._gateway.dispatch(f"STAGE_INSTANCE_{change}", stage, GUILDS)
