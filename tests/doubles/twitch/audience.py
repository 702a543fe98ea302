"""What people do on the local Twitch, and telling it to whoever has subscribed."""

from collections.abc import Sequence
from typing import Any, Literal

from tests.doubles.twitch import payloads
from tests.doubles.twitch.conduits import Conduits
from tests.doubles.twitch.eventsub import Session, Sessions
from tests.doubles.twitch.shapes import IN_CHAT, TYPES, fill
from tests.doubles.twitch.state import HeldByAutoMod, Redemption, Reward, Spoken, State, Subscription, User, number

NOTICE = "channel.chat.notification"


class Audience:
    """Channels and people are named by their logins; without a channel the first one is meant."""

    state: State
    sessions: Sessions
    conduits: Conduits

    async def chat(
        self,
        text: str,
        author: str = "ann",
        channel: str | None = None,
        badges: Sequence[str] = (),
        id: str | None = None,
        reply_to: str | None = None,
        me: bool = False,
        repeat_as: str | None = None,
        on: Session | None = None,
        **more: Any,
    ) -> str:
        """A chat message; its id. An answer begins with whom it answers, and `me` is for what stands behind /me.

        `more` overrides keys of the event; see `notify` for `repeat_as` and `on`.
        """
        where, who, id = self._channel(channel), self.state.user(author), id or f"chat-{number()}"
        parent = self.state.spoken[reply_to] if reply_to else None
        text = f"@{parent.author.login.capitalize()} {text}" if parent else text
        event = payloads.chat_message(
            where,
            who,
            id,
            text,
            pieces=payloads.fragments(text, self.state.users),
            me=me,
            badges=[payloads.badge(name) for name in badges],
            reply=payloads.reply(str(reply_to), parent.author, parent.text) if parent else None,
            **more,
        )
        self.state.spoken[id] = Spoken(where, who, text)
        await self.notify("channel.chat.message", where, event, repeat_as=repeat_as, on=on)
        return id

    async def notice(
        self,
        type: str,
        author: str = "ann",
        text: str = "",
        channel: str | None = None,
        badges: Sequence[str] = (),
        **more: Any,
    ) -> str:
        """A line Twitch itself puts into chat, with what the person wrote along with it; the id of both.

        `more` are keys of the event, or of what its type tells.
        """
        where, who = self._channel(channel), self.state.user(author)
        keys = TYPES[NOTICE].shape.keys()
        about = {key: value for key, value in more.items() if key not in keys}
        rest = {key: value for key, value in more.items() if key in keys}
        event = payloads.notice(where, who, type, about, text, badges=[payloads.badge(each) for each in badges], **rest)
        id = str(event["message_id"])
        self.state.spoken[id] = Spoken(where, who, text)
        await self.notify(NOTICE, where, event)
        return id

    async def delete(self, id: str, channel: str | None = None) -> None:
        where, gone = self._channel(channel), self.state.spoken[id]
        gone.is_answerable = False
        await self.notify("channel.chat.message_delete", where, payloads.message_delete(where, gone.author, id))

    def hold(self, id: str) -> None:
        """A moderator's filter takes a message back for review; nobody is told of it."""
        self.state.spoken[id].is_answerable = False

    async def clear(self, channel: str | None = None) -> None:
        where = self._channel(channel)
        for spoken in self.state.spoken.values():
            spoken.is_answerable &= spoken.channel != where
        await self.notify("channel.chat.clear", where, payloads.clear(where))

    async def clear_user(self, author: str, channel: str | None = None) -> None:
        """A ban or timeout, which takes all messages of the author away."""
        where, who = self._channel(channel), self.state.user(author)
        for spoken in self.state.spoken.values():
            spoken.is_answerable &= (spoken.channel, spoken.author) != (where, who)
        event = payloads.clear_user_messages(where, who)
        await self.notify("channel.chat.clear_user_messages", where, event)

    async def follow(self, user: str, channel: str | None = None) -> None:
        where = self._channel(channel)
        await self.notify("channel.follow", where, payloads.follow(where, self.state.user(user)))

    async def subscribe(self, user: str, tier: str = "1000", channel: str | None = None) -> None:
        where, who = self._channel(channel), self.state.user(user)
        self.state.subscribers.add((where.login, who.login))
        await self.notify(NOTICE, where, payloads.sub_notice(where, who, tier))
        await self.notify("channel.subscribe", where, payloads.subscribe(where, who, tier, is_gift=False))

    async def gift(self, user: str | None, total: int = 1, tier: str = "1000", channel: str | None = None) -> None:
        """Gifted subscriptions, with what Twitch says of each receiver. None gives anonymously."""
        where, giver = self._channel(channel), self.state.user(user) if user else None
        gift_id = f"gift-{number()}" if total > 1 else None
        if gift_id:
            await self.notify(NOTICE, where, payloads.gift_notice(where, giver, total, tier, gift_id))
        await self.notify("channel.subscription.gift", where, payloads.gift(where, giver, total, tier))
        for count in range(total):
            lucky = self.state.user(f"lucky{count}")
            await self.notify(NOTICE, where, payloads.received_notice(where, giver, lucky, tier, gift_id))
            await self.notify("channel.subscribe", where, payloads.subscribe(where, lucky, tier, is_gift=True))

    async def resub(
        self, user: str, text: str = "", months: int = 2, tier: str = "1000", channel: str | None = None
    ) -> None:
        where, who = self._channel(channel), self.state.user(user)
        in_chat = payloads.resub_notice(where, who, text, months, tier)
        self.state.spoken[str(in_chat["message_id"])] = Spoken(where, who, text)
        await self.notify(NOTICE, where, in_chat)
        event = payloads.resub(where, who, text, months, tier)
        await self.notify("channel.subscription.message", where, event)

    async def cheer(self, user: str | None, bits: int = 100, text: str = "", channel: str | None = None) -> None:
        """A cheer: the chat message and the event. None cheers anonymously."""
        where, text = self._channel(channel), text or f"Cheer{bits}"
        await self.chat(text, user or "ananonymouscheerer", channel, cheer={"bits": bits})
        giver = self.state.user(user) if user else None
        await self.notify("channel.cheer", where, payloads.cheer(where, giver, bits, text))
        if giver is not None:
            await self.notify("channel.bits.use", where, payloads.bits_use(where, giver, bits, text))

    async def raid(self, user: str, viewers: int = 10, channel: str | None = None) -> None:
        where, raider = self._channel(channel), self.state.user(user)
        await self.notify(NOTICE, where, payloads.raid_notice(where, raider, viewers))
        await self.notify("channel.raid", where, payloads.raid(where, raider, viewers))

    async def redeem(
        self,
        user: str,
        reward: str = "Hydrate",
        text: str = "",
        channel: str | None = None,
        repeat_as: str | None = None,
        automod: Literal["", "before", "after"] = "",
        badges: Sequence[str] = (),
        at: str | None = None,
    ) -> str:
        """A channel-points reward, the streamer's own unless ours has that title; the redemption's id.

        One with a text shows up in chat as well, with badges, unless AutoMod holds that, before or after the redemption
        is told. Nobody can redeem one that is paused.
        """
        where, who = self._channel(channel), self.state.user(user)
        known = self.state.rewards.setdefault(reward, Reward(reward, is_ours=False))
        if known.is_paused or not known.is_enabled:
            raise ValueError(f"{reward} cannot be redeemed now")
        if automod == "before":
            await self.write_something_bad(text, user, channel, reward_id=known.id)
        elif text and not automod:
            await self.chat(text, user, channel, badges, channel_points_custom_reward_id=known.id)
        status = "fulfilled" if known.skips_queue else "unfulfilled"
        event = payloads.redemption(where, who, reward, text, known.id, cost=known.cost, status=status)
        id = str(event["id"])
        redeemed_at = at or str(event["redeemed_at"])
        self.state.redemptions[id] = Redemption(id, known.id, who, text, status.upper(), redeemed_at)
        await self.notify("channel.channel_points_custom_reward_redemption.add", where, event, repeat_as=repeat_as)
        if automod == "after":
            await self.write_something_bad(text, user, channel, reward_id=known.id)
        return id

    async def settle(self, id: str, status: str) -> None:
        """A redemption is CANCELED, which pays the points back, or FULFILLED: in the streamer's queue, or by a call."""
        redemption = self.state.redemptions[id]
        redemption.status = status
        self.state.changes.happened()
        reward = next(each for each in self.state.rewards.values() if each.id == redemption.reward_id)
        event = payloads.redemption_update(self._channel(None), redemption, reward)
        await self.notify("channel.channel_points_custom_reward_redemption.update", self._channel(None), event)

    async def redeem_automatic(self, user: str, type: str, text: str = "", cost: int = 200, emote: str = "") -> None:
        """One of the rewards that every channel has, such as `send_highlighted_message`, with its chat message."""
        where, who = self._channel(None), self.state.user(user)
        if type in IN_CHAT:
            await self.chat(text, user, message_type=IN_CHAT[type])
        event = payloads.automatic_redemption(where, who, type, cost, text, emote)
        await self.notify("channel.channel_points_automatic_reward_redemption.add", where, event)

    async def power_up(
        self, user: str, type: str = "", text: str = "", bits: int = 30, custom: tuple[str, str] | None = None
    ) -> None:
        """What Twitch offers for bits besides cheers, such as `gigantify_an_emote`, with its chat message."""
        where, who = self._channel(None), self.state.user(user)
        if type in IN_CHAT:
            await self.chat(text, user, message_type=IN_CHAT[type])
        event = payloads.bits_use(where, who, bits, text, power_up=type, custom=custom)
        await self.notify("channel.bits.use", where, event)

    async def online(self, channel: str | None = None) -> None:
        where = self._channel(channel)
        await self.notify("stream.online", where, payloads.online(where))

    async def offline(self, channel: str | None = None) -> None:
        where = self._channel(channel)
        await self.notify("stream.offline", where, payloads.offline(where))

    async def write_something_bad(
        self, text: str, author: str = "ann", channel: str | None = None, reward_id: str | None = None
    ) -> str:
        """A message that AutoMod holds; its id."""
        where, who, id = self._channel(channel), self.state.user(author), f"held-{number()}"
        self.state.held[id] = HeldByAutoMod(where, who, id, text, reward_id=reward_id)
        await self.happen("automod.message.hold", where.login, {"user": author}, **self._bad(id))
        return id

    async def moderate(self, id: str, status: str, moderator: str | None = None, as_id: str | None = None) -> None:
        """A held message is approved, denied, or nobody decided; what is approved then comes into chat."""
        held = self.state.held[id]
        held.status = status
        people = {"user": held.author.login} | ({"moderator_user": moderator} if moderator else {})
        await self.happen("automod.message.update", held.channel.login, people, status=status, **self._bad(id))
        if status == "approved":
            bought: dict[str, Any] = {"channel_points_custom_reward_id": held.reward_id} if held.reward_id else {}
            await self.chat(held.text, held.author.login, held.channel.login, id=as_id or id, **bought)

    def _bad(self, id: str) -> dict[str, Any]:
        text = self.state.held[id].text
        message = {"text": text, "fragments": payloads.fragments(text, {})}
        return {"message_id": id, "message": message}

    async def happen(
        self, type: str, /, channel: str | None = None, people: dict[str, str] | None = None, **values: Any
    ) -> None:
        """Any event, of its documented shape with these values; `people` by the prefix of their keys."""
        where = self._channel(channel)
        named = {prefix: self.state.user(login) for prefix, login in (people or {}).items()}
        event = fill(TYPES[type].shape, people={"broadcaster_user": where, **named}, **values)
        await self.notify(type, where, event)

    async def notify(
        self,
        type: str,
        channel: User,
        event: dict[str, Any],
        *,
        repeat_as: str | None = None,
        on: Session | None = None,
    ) -> None:
        """Send an event to whoever subscribed it.

        Events with the same `repeat_as` are one delivered again; `on` puts it onto one socket.
        """
        for sub in [sub for sub in self.state.subscriptions.values() if sub.concerns(type, channel)]:
            await self.tell(sub, event, repeat_as=repeat_as, on=on)

    async def tell(
        self, sub: Subscription, event: dict[str, Any], *, repeat_as: str | None = None, on: Session | None = None
    ) -> None:
        """Send an event to one subscription."""
        about = {"subscription_type": sub.type, "subscription_version": sub.version}
        payload, session = {"subscription": sub.shown(), "event": event}, on or self.sessions.get(sub.session_id)
        if session is not None:
            await session.send("notification", payload, repeat_as, **about)
        elif sub.conduit_id:
            await self.conduits.deliver(sub, payload, repeat_as, **about)

    def _channel(self, login: str | None) -> User:
        return self.state.user(login) if login else self.state.channels[0]
