"""Who else may use the desk: links for moderators and press-once addresses, made and withdrawn by the streamer."""

import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

from pydantic import Field, JsonValue

from relay.config import WebSection
from relay.model import Caller, Role
from relay.moderation.controls import Controls
from relay.text.for_pages import for_pages
from relay.web.access import AccessLink, AccessLinks, FixedAct
from relay.web.desk.actions import DeskAction, DeskActions, DeskError, Fields, checked
from relay.web.desk.topics import Age, Topic

LOOK_EVERY: Final = 1.0
"""Seconds between two looks for links that were used."""


class Invited(Fields):
    name: str = Field(max_length=100, description="whom the link is for; their acts stand in the audit log under it")


class NewKey(Fields):
    name: str = Field(max_length=100, description="what the key is for, such as the button it is on")
    do: str = Field(max_length=100, description="the one action that it does, such as skip")
    fields: dict[str, JsonValue] = Field({}, description="all that this action takes")


class Withdrawn(Fields):
    id: str = Field(max_length=100, description="of a link or a key")


class SharedDesk:
    """What the streamer sees of all links, and does with them. Secrets are told once, to who asked for the link."""

    def __init__(self, links: AccessLinks, actions: DeskActions, controls: Controls, web: WebSection) -> None:
        self._links = links
        self._actions = actions
        self._controls = controls
        self._web = web
        self.topic = Topic("links", self._state, time.time, role=Role.STREAMER, every=LOOK_EVERY, mark=self._links.all)

    def actions(self) -> Iterator[DeskAction[Any]]:
        """All of them are for the streamer alone."""
        yield DeskAction("invite", "Make a link to the desk for a moderator", Invited, self._invite, Role.STREAMER)
        yield DeskAction("key", "Make an address that does one act when it is opened", NewKey, self._key, Role.STREAMER)
        yield DeskAction("withdraw", "End a link or a key at once", Withdrawn, self._withdraw, Role.STREAMER)

    def _state(self) -> dict[str, object]:
        links = [_shown(link) for link in self._links.all()]
        return {"has_token": self._web.token is not None, "links": links, "acts": self._acts}

    @cached_property
    def _acts(self) -> list[dict[str, object]]:
        """What keys can do, once all actions are there."""
        return [
            {"name": action.name, "summary": action.summary, "fields": action.fields.model_json_schema()}
            for action in self._actions
            if action.role is Role.MODERATOR
        ]

    async def _invite(self, given: Invited, by: Caller) -> dict[str, str]:
        if self._web.token is None:
            raise DeskError(
                "failed",
                "set web.token first: without one, everybody who can reach this relay may do all that you may",
            )
        return await self._make(given.name, None, by)

    async def _key(self, given: NewKey, by: Caller) -> dict[str, str]:
        action = self._actions.find(given.do)
        if action is None or action.role is not Role.MODERATOR:
            allowed = ", ".join(str(each["name"]) for each in self._acts)
            raise DeskError("invalid", f"do: no key can do {given.do!r}; they can do {allowed}", "do")
        checked(action.fields, given.fields)
        return await self._make(given.name, FixedAct(do=given.do, fields=given.fields), by)

    async def _make(self, name: str, act: FixedAct | None, by: Caller) -> dict[str, str]:
        try:
            link, secret = await self._links.create(name, act)
        except ValueError as error:
            raise DeskError("invalid", f"name: {error}", "name") from None
        except OSError as error:
            raise DeskError("failed", f"the link cannot be kept: {error}") from None
        self.topic.changed()
        await self._controls.note(by, f"key {link.name}: {act.do}" if act else f"invite {link.name}")
        path = f"/press/{secret}" if act else f"/?token={secret}"
        told = {"address": f"{self._web.address}{path}"} if self._web.is_public else {}
        return {"id": link.id, "name": link.name, "path": path, **told}

    async def _withdraw(self, given: Withdrawn, by: Caller) -> str:
        try:
            link = await self._links.withdraw(given.id)
        except OSError as error:
            raise DeskError("failed", f"it is withdrawn until the relay starts anew: {error}") from None
        if link is None:
            raise DeskError("gone", "it is withdrawn already", "id")
        self.topic.changed()
        return for_pages(f"{link.name} is withdrawn.") + await self._controls.note(by, f"withdraw {link.name}")


def _shown(link: AccessLink) -> dict[str, object]:
    act = link.act.model_dump() if link.act else None
    used = Age(link.used) if link.used is not None else None
    return {"id": link.id, "name": link.name, "act": act, "created": Age(link.created), "used": used}
