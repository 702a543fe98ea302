"""Seeing and changing every setting on the desk."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from relay.application.adopting import adopt, is_live, with_live
from relay.application.composition import Relay
from relay.application.restarts import LiveRun
from relay.application.settings.catalogue import KnownSetting, as_json, catalogue, section_titles
from relay.application.settings.editing import excerpt
from relay.application.settings.file import MAX_TEXT, SettingsFile, toml_of
from relay.application.settings.profiles import Profiles
from relay.config.environment import set_outside
from relay.config.loading import Config
from relay.errors import ConfigError, SettingMistake, WrongSettings
from relay.model import Caller, Role
from relay.web.desk.actions import DeskAction, DeskError, Fields, NoFields


class SettingsSearch(Fields):
    search: str = Field("", max_length=100, description="words that are in its name or explanation; empty: all")


class NewValues(Fields):
    values: dict[str, Any] = Field(
        max_length=200, description='by key, such as {"web.port": 8082}; tables as TOML, headed as in the file'
    )


class SettingKeys(Fields):
    keys: list[str] = Field(max_length=200, description="such as web.port")


class SettingsText(Fields):
    text: str = Field(max_length=MAX_TEXT, description="the settings file as TOML")


class ProfileAct(Fields):
    act: Literal["list", "save", "switch", "delete"] = Field("list", description="what to do")
    name: str = Field("", max_length=40, description="of the profile")


class SettingsDesk:
    """The settings of the relay that runs, and of the file it was started with."""

    def __init__(self, run: LiveRun, relay: Relay, written: Callable[[], None]) -> None:
        """`written` is called once the file is another."""
        self._run = run
        self._relay = relay
        self._written = written
        self._file = run.file
        self._profiles = Profiles(run.file)

    def actions(self) -> Iterator[DeskAction[Any]]:
        owner = Role.STREAMER
        yield DeskAction("settings", "Every setting, or those that are searched for", SettingsSearch, self._show, owner)
        yield DeskAction("set", "Change settings in the file", NewValues, self._set, owner)
        yield DeskAction("unset", "Take settings out of the file: back to the default", SettingKeys, self._unset, owner)
        yield DeskAction("restart", "Begin anew with the settings of the file", NoFields, self._restart, owner)
        yield DeskAction("export", "The settings file without secrets", NoFields, self._export, owner)
        yield DeskAction("import", "Replace the settings file, once it is checked", SettingsText, self._import, owner)
        yield DeskAction("profiles", "Named copies of the settings", ProfileAct, self._profile, owner)

    async def _show(self, given: SettingsSearch, _: Caller) -> object:
        return await asyncio.to_thread(self._shown, given.search)

    def _shown(self, search: str) -> dict[str, object]:
        stored = StoredSettings(self._file)
        wrong = stored.problem or self._run.problem
        return {
            "file": str(self._file.path),
            "sections": [{"name": name, "about": about} for name, about in section_titles().items()],
            "settings": [stored.row(setting) for setting in catalogue().values() if _matches(setting, search)],
            **self._state(stored.config),
            "problem": _told(wrong) if wrong is not None else None,
        }

    async def _set(self, given: NewValues, by: Caller) -> object:
        config = await self._changed(given.values)
        await self._note(by, f"set {', '.join(given.values)}")
        return self._state(config)

    async def _unset(self, given: SettingKeys, by: Caller) -> object:
        config = await self._changed(dict.fromkeys(given.keys, None))
        await self._note(by, f"unset {', '.join(given.keys)}")
        return self._state(config)

    async def _note(self, by: Caller, what: str) -> None:
        """Without the values: some are secrets, and in some are secrets of others."""
        await self._relay.controls.note(by, what)

    async def _changed(self, values: Mapping[str, Any]) -> Config:
        try:
            return await self._taken(await self._file.set(values))
        except ConfigError as error:
            raise refusal(error) from None

    async def _taken(self, wanted: Config) -> Config:
        """What needs no restart counts at once."""
        running = with_live(self._run.config, wanted)
        if running != self._run.config and not self._run.is_mending:
            self._run.config = running
            await adopt(self._relay, running)
        self._written()
        return wanted

    async def _restart(self, _: NoFields, by: Caller) -> object:
        try:
            wanted = await self._run.load()
        except ConfigError as error:
            raise refusal(error) from None
        await self._note(by, "restart")
        self._run.restart(wanted)  # last of all, so that the answer is on its way before the page is closed
        return {"restarting": True}

    async def _export(self, _: NoFields, __: Caller) -> object:
        try:
            return {"text": await asyncio.to_thread(self._file.export), "name": self._file.path.name}
        except ConfigError as error:
            raise refusal(error) from None

    async def _import(self, given: SettingsText, by: Caller) -> object:
        try:
            config = await self._taken(await self._file.replace(given.text))
        except ConfigError as error:
            raise refusal(error) from None
        await self._note(by, "import settings")
        return self._state(config)

    async def _profile(self, given: ProfileAct, by: Caller) -> object:
        try:
            match given.act:
                case "save":
                    await asyncio.to_thread(self._profiles.save, given.name)
                case "delete":
                    await asyncio.to_thread(self._profiles.delete, given.name)
                case "switch":
                    await self._taken(await self._profiles.switch(given.name))
            names, current = await asyncio.to_thread(lambda: (self._profiles.names(), self._profiles.current()))
        except ConfigError as error:
            raise refusal(error) from None
        if given.act != "list":
            await self._note(by, f"{given.act} profile {given.name}")
        stored = await asyncio.to_thread(StoredSettings, self._file)
        return {"profiles": names, "current": current, **self._state(stored.config)}

    def _state(self, config: Config | None) -> dict[str, object]:
        return {"waiting": self._waiting(config) if config is not None else [], "mending": self._run.is_mending}

    def _waiting(self, config: Config) -> list[str]:
        """The settings that a restart would change."""
        return [key for key, setting in catalogue().items() if _differs(setting, config, self._run.config)]


class StoredSettings:
    """What the file says now, right or wrong."""

    def __init__(self, file: SettingsFile) -> None:
        self.config: Config | None = None
        self.problem: ConfigError | None = None
        self._path = file.path
        self._text = ""
        self._data: dict[str, Any] = {}
        self._secrets: set[str] = set()
        try:
            self._text = file.text()
            self._data = toml_of(self._text)
            self._secrets = file.secrets.kept()
            self.config = file.load()
        except ConfigError as error:
            self.problem = error

    def row(self, setting: KnownSetting) -> dict[str, object]:
        """One setting, for the page."""
        return {
            "key": setting.key,
            "section": setting.section,
            "type": setting.type,
            "about": setting.about,
            "default": setting.default,
            "value": self._value(setting),
            "choices": setting.choices,
            "least": setting.least,
            "most": setting.most,
            "whole": setting.is_whole,
            "entry": setting.entry,
            "live": is_live(setting),
            "set": self._is_set(setting),
            "outside": set_outside(tuple(setting.key.split(".")), self._path),
        }

    def _value(self, setting: KnownSetting) -> Any:
        """As it stands in the file, even where that is wrong."""
        if setting.type == "table":
            return (excerpt(self._text, setting.key) if self._is_set(setting) else "") or setting.default
        if self.config is not None:
            return setting.value_in(self.config)
        if setting.type == "secret":
            return self._is_set(setting)
        found = self._written(setting)
        return as_json(found) if isinstance(found, bool | int | float | str | list) else setting.default

    def _is_set(self, setting: KnownSetting) -> bool:
        return self._written(setting) is not None or setting.key in self._secrets

    def _written(self, setting: KnownSetting) -> Any:
        section = self._data.get(setting.section)
        return section if not setting.name else section.get(setting.name) if isinstance(section, dict) else None


def settings_actions(run: LiveRun, relay: Relay, written: Callable[[], None]) -> Iterator[DeskAction[Any]]:
    """What the streamer can do with the settings that this run was started with."""
    return SettingsDesk(run, relay, written).actions()


def refusal(error: ConfigError) -> DeskError:
    """The same for who asked, with the setting that is wrong."""
    if not isinstance(error, WrongSettings) or not error.mistakes:
        return DeskError("invalid", str(error))
    text = "\n".join(mistake.text for mistake in error.mistakes)
    return DeskError("invalid", text, _field(error.mistakes[0]) or None)


def _told(error: Exception) -> dict[str, object]:
    mistakes = error.mistakes if isinstance(error, WrongSettings) else ()
    return {"text": str(error), "mistakes": [{"key": _field(each), "text": each.text} for each in mistakes]}


def _field(mistake: SettingMistake) -> str:
    """The setting that the mistake is about: of a whole section, the one that its text begins with."""
    parts = mistake.key.split(".")
    named = ".".join(parts[:2])
    if named in catalogue():
        return named
    first = mistake.text.partition(" ")[0]
    meant = first if "." in first else f"{parts[0]}.{first}"
    return meant if meant in catalogue() else mistake.key


def _matches(setting: KnownSetting, search: str) -> bool:
    about = f"{setting.key} {setting.about}".casefold()
    return all(word in about for word in search.casefold().split())


def _differs(setting: KnownSetting, config: Config, running: Config) -> bool:
    one, other = (getattr(each, setting.section) for each in (config, running))
    return bool(one != other and (not setting.name or getattr(one, setting.name) != getattr(other, setting.name)))
