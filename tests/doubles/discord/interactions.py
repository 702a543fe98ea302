"""Slash commands: what the application registered, who used them, and what it answered."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.discord.answers import Refused, answer, nothing
from tests.doubles.discord.signal import Signal
from tests.doubles.discord.world import Json, Person, World

EPHEMERAL = 1 << 6
REPLY_WITHIN = 3.0
"""Receiving and Responding, "Interaction Callback": seconds for the first answer; then the token is invalid."""
VALID_FOR = 900.0
"""Seconds a token is good for what follows it."""

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES = 4, 5, 6, 7, 8
"""Types of answer."""
COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
"""Types of use."""
STRING, USER, NUMBER = 3, 6, 10
"""Application Commands, "Application Command Option Type"."""
MAX_COMMANDS, MAX_CHARACTERS, CREATES_A_DAY = 100, 8_000, 200
"""Application Commands, "Registering a Command" and "Slash Commands"."""


@dataclass
class Response:
    """What the person who used the command sees."""

    text: str = ""
    ephemeral: bool = False
    deferred: bool = False
    """It is said that an answer follows."""
    was_deferred: bool = False
    followups: list[str] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    """The custom ids of the buttons below it."""
    choices: list[tuple[str, str]] = field(default_factory=list)
    """What autocompletion offers, as (shown, sent)."""


@dataclass
class Interaction:
    payload: Json
    at: float
    answered: bool = False
    response: Response = field(default_factory=Response)


class Interactions:
    def __init__(self, world: World, signal: Signal) -> None:
        self._world = world
        self._signal = signal
        self._open: dict[str, Interaction] = {}
        self.commands: list[Json] = []
        """As Discord gives them back."""
        self.of_guilds: dict[str, list[Json]] = {}
        """Those of one guild each."""
        self.syncs = 0
        self.created = 0
        """How many commands were new, today."""

    def routes(self) -> list[web.RouteDef]:
        commands = "/api/v10/applications/{application}/commands"
        of_guild = "/api/v10/applications/{application}/guilds/{guild}/commands"
        webhook = "/api/v10/webhooks/{application}/{token}"
        return [
            web.get(commands, self._list),
            web.put(commands, self._replace),
            web.get(of_guild, self._list),
            web.put(of_guild, self._replace),
            web.post("/api/v10/interactions/{id}/{token}/callback", self._callback),
            web.post(webhook, self._follow_up),
            web.patch(webhook + "/messages/@original", self._edit_original),
            web.get(webhook + "/messages/@original", self._get_original),
            web.delete(webhook + "/messages/@original", self._delete_original),
        ]

    async def put_off(self, n: int) -> None:
        """Until the answers to so many uses are said to follow."""
        await self._signal.wait_until(lambda: sum(u.response.deferred for u in self._open.values()) >= n, "a deferral")

    async def _list(self, request: web.Request) -> web.Response:
        guild = request.match_info.get("guild")
        return answer(self.of_guilds.get(guild, []) if guild is not None else self.commands)

    async def _replace(self, request: web.Request) -> web.Response:
        wanted, guild = await request.json(), request.match_info.get("guild")
        if guild is not None:
            return answer(self._replace_in(guild, wanted))
        known = {command["name"] for command in self.commands}
        self.created += sum(command["name"] not in known for command in wanted)
        if self.created > CREATES_A_DAY:
            raise Refused(400, 30034, "Max number of daily application command creates has been reached (200)")
        if len(wanted) > MAX_COMMANDS or any(_characters(command) > MAX_CHARACTERS for command in wanted):
            raise Refused(400, 50035, "Invalid Form Body")
        self.syncs += 1
        self.commands = [self._as_stored(command) for command in wanted]
        self._signal.notify()
        return answer(self.commands)

    def _replace_in(self, guild: str, wanted: list[Json]) -> list[Json]:
        """ "Application Command Object": `contexts` and `integration_types` are for globally-scoped commands only."""
        everywhere = ("contexts", "integration_types")
        stored = [self._as_stored(each) | {"guild_id": guild} for each in wanted]
        self.of_guilds[guild] = [{k: v for k, v in each.items() if k not in everywhere} for each in stored]
        self._signal.notify()
        return self.of_guilds[guild]

    def _as_stored(self, command: Json) -> Json:
        permissions = command.get("default_member_permissions")
        stored = {
            "id": self._world.new_id(), "application_id": self._world.application_id, "version": self._world.new_id(),
            "type": 1, "nsfw": False, "options": [], "name_localizations": None, "description_localizations": None,
        } | command  # fmt: skip
        return stored | {"default_member_permissions": None if permissions is None else str(permissions)}

    def use(self, words: list[str], person: Person, channel: str, permissions: int, **options: Any) -> Interaction:
        """A person uses a command; the payload is what the gateway sends."""
        known = [*self.of_guilds.get(self._world.channels[channel].guild, ()), *self.commands]
        command = next((c for c in known if c["name"] == words[0]), None)
        assert command is not None, f"/{words[0]} is not registered; known are {[c['name'] for c in known]}"
        types = _types(command, words[1:])
        given: list[Json] = [{"name": n, "type": types.get(n, STRING), "value": v} for n, v in options.items()]
        chosen = [
            p for p in self._world.people.values() for each in given if each["type"] == USER and each["value"] == p.id
        ]
        for word in reversed(words[1:]):
            given = [{"name": word, "type": 1, "options": given}]
        data = {"id": command["id"], "name": command["name"], "type": 1, "options": given}
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]
        if chosen:
            data["resolved"] = self.resolved(*chosen)
        return self._begin(COMMAND, data, person, channel, permissions)

    def resolved(self, *people: Person) -> Json:
        """Receiving and Responding, "Resolved Data Structure": members come without user, deaf and mute."""
        members = {person.id: self._world.member(person) for person in people}
        for member in members.values():
            del member["deaf"], member["mute"]
        return {"users": {person.id: person.user() for person in people}, "members": members}

    def type_into(
        self, words: list[str], option: str, typed: str, person: Person, channel: str, permissions: int
    ) -> Interaction:
        """A person types into the option of a command, or of a subcommand."""
        used = self.use(words, person, channel, permissions, **{option: typed})
        used.payload["type"] = AUTOCOMPLETE
        options = used.payload["data"]["options"]
        for _ in words[1:]:
            options = options[0]["options"]
        options[0]["focused"] = True
        return used

    def press(self, button: str, person: Person, channel: str, permissions: int) -> Interaction:
        """A person presses a button below an earlier answer."""
        pressed = self._begin(COMPONENT, {"custom_id": button, "component_type": 2}, person, channel, permissions)
        shown = {"type": 2, "style": 3, "label": button, "custom_id": button}
        row = {"type": 1, "components": [shown]}
        pressed.payload["message"] = self._message(pressed) | {"components": [row]}
        return pressed

    def _begin(self, type: int, data: Json, person: Person, channel: str, permissions: int) -> Interaction:
        token, home = secrets.token_hex(16), self._world.channels[channel]
        payload: Json = {
            "id": self._world.new_id(), "application_id": self._world.application_id, "type": type, "token": token,
            "version": 1, "data": data,
            "guild_id": home.guild, "guild": {"id": home.guild, "locale": "en-US", "features": []},
            "channel_id": channel, "channel": self._world.channel(home), "app_permissions": "0", "locale": "en-US",
            "member": self._world.full_member(person) | {"permissions": str(permissions)}, "guild_locale": "en-US",
            "entitlements": [], "authorizing_integration_owners": {"0": home.guild}, "context": 0,
            "attachment_size_limit": 10_485_760,
        }  # fmt: skip
        self._open[token] = Interaction(payload, self._world.clock.now())
        return self._open[token]

    async def _callback(self, request: web.Request) -> web.Response:
        interaction, body = self._find(request), await request.json()
        if interaction.answered:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        interaction.answered = True
        data = body.get("data") or {}
        interaction.response.ephemeral = bool(data.get("flags", 0) & EPHEMERAL)
        interaction.response.deferred = body["type"] in (DEFERRED, DEFERRED_UPDATE)
        interaction.response.buttons = _buttons(data)
        interaction.response.choices = [(c["name"], c["value"]) for c in data.get("choices") or ()]
        wordless = body["type"] in (DEFERRED, DEFERRED_UPDATE, CHOICES)
        interaction.response.text = self._checked(data.get("content") or "", allow_empty=wordless)
        self._signal.notify()
        message = self._message(interaction)
        return answer({
            "interaction": {
                "id": interaction.payload["id"], "type": 2, "response_message_id": message["id"],
                "response_message_loading": interaction.response.deferred,
                "response_message_ephemeral": interaction.response.ephemeral,
            },
            "resource": {"type": body["type"], "message": message},
        })  # fmt: skip

    async def _edit_original(self, request: web.Request) -> web.Response:
        interaction, body = self._answered(request), await request.json()
        interaction.response.text = self._checked(body["content"])
        interaction.response.buttons = _buttons(body)
        interaction.response.was_deferred |= interaction.response.deferred
        interaction.response.deferred = False
        self._signal.notify()
        return answer(self._message(interaction))

    async def _get_original(self, request: web.Request) -> web.Response:
        return answer(self._message(self._answered(request)))

    async def _delete_original(self, request: web.Request) -> web.Response:
        self._answered(request).response.text = ""
        return nothing()

    async def _follow_up(self, request: web.Request) -> web.Response:
        interaction, body = self._answered(request), await request.json()
        interaction.response.followups.append(self._checked(body["content"]))
        self._signal.notify()
        return answer(self._message(interaction) | {"content": body["content"]})

    def _find(self, request: web.Request) -> Interaction:
        interaction = self._open.get(request.match_info["token"])
        if interaction is None or (not interaction.answered and self._age(interaction) > REPLY_WITHIN):
            raise Refused(404, 10062, "Unknown interaction")
        return interaction

    def _answered(self, request: web.Request) -> Interaction:
        interaction = self._open.get(request.match_info["token"])
        if interaction is None or not interaction.answered:
            raise Refused(404, 10015, "Unknown Webhook")
        if self._age(interaction) > VALID_FOR:
            raise Refused(401, 50027, "Invalid Webhook Token")
        return interaction

    def _age(self, interaction: Interaction) -> float:
        return self._world.clock.now() - interaction.at

    def _checked(self, text: str, allow_empty: bool = False) -> str:
        if len(text) > 2_000 or not (text or allow_empty):
            raise Refused(400, 50035, "Invalid Form Body")
        return text

    def _message(self, interaction: Interaction) -> Json:
        flags = EPHEMERAL if interaction.response.ephemeral else 0
        message: dict[str, Any] = {
            "id": self._world.new_id(), "channel_id": interaction.payload["channel_id"], "type": 20, "flags": flags,
            "author": self._world.bot.user(), "content": interaction.response.text, "timestamp": "2026-01-01T00:00:00Z",
            "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [], "mention_roles": [],
            "attachments": [], "embeds": [], "pinned": False, "components": [],
        }  # fmt: skip
        return message


def _buttons(data: Json) -> list[str]:
    return [button["custom_id"] for row in data.get("components") or () for button in row["components"]]


def _types(command: Json, path: list[str]) -> dict[str, int]:
    """The types of the options of a command, or of a subcommand of it."""
    for word in path:
        command = next(option for option in command["options"] if option["name"] == word)
    return {option["name"]: option["type"] for option in command.get("options") or ()}


def _characters(part: Json) -> int:
    """Of a command or an option, its names, descriptions and values."""
    own = sum(len(str(part.get(key) or "")) for key in ("name", "description", "value"))
    return own + sum(map(_characters, [*(part.get("options") or ()), *(part.get("choices") or ())]))
