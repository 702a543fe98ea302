"""The turns of a chat: one input after the other is processed, and a person who speaks or interrupts ends a reply."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Final

from tests.doubles.voxta.cast import Participant
from tests.doubles.voxta.chat import FREE, Chat
from tests.doubles.voxta.checks import ROLES, Message
from tests.doubles.voxta.client import HubClient
from tests.doubles.voxta.reply import SpokenReply
from tests.doubles.voxta.script import Script, once, sentences
from tests.doubles.voxta.sound_out import SoundOut
from tests.doubles.voxta.switches import Pieces, Switches
from tests.doubles.voxta.wire import new_id

ASK: Final = "*"
"""The text that asks for a reply and is no message."""
_COMMANDS: Final = {"/note ": "Note", "/event ": "Event"}

Scenario = Callable[["Turns", str], Awaitable[None]]
"""What a scenario does when an app tells it of an event by this name."""


class Turns:
    def __init__(
        self,
        chat: Chat,
        switches: Switches,
        sound: SoundOut,
        script: Script,
        scenario: Scenario,
        violations: list[str],
    ) -> None:
        self._chat = chat
        self._scenario = scenario
        self._switches = switches
        self._sound = sound
        self._script = script
        self._violations = violations
        self._inputs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._reply: SpokenReply | None = None
        self._past: dict[str, SpokenReply] = {}
        self._triggers: dict[str, asyncio.Event] = {}
        self.done = 0
        """Turns that came to their end."""

    async def run(self) -> None:
        """Process what comes, until cancelled."""
        while True:
            await (await self._inputs.get())()
            if self._inputs.empty() and self._chat.state != FREE:
                await self._chat.flow(FREE)

    # what clients do

    def send(self, message: Message) -> None:
        """Queue a `send`; a person's message ends the reply under way."""
        if _role(message) == "User" and message.get("text") != ASK:
            self.interrupt()
        self._inputs.put_nowait(partial(self._turn, message))

    def queue(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do this when what came before is done."""
        self._inputs.put_nowait(work)

    def speak(self, message: Message) -> None:
        """Queue a `characterSpeechRequest`: the text becomes the character's, also when there is none."""
        self._inputs.put_nowait(partial(self._say, message["text"], message.get("characterId")))

    def interrupt(self) -> None:
        """End the reply under way, or one that is still being heard although nobody waits for that."""
        reply = self._reply
        if reply is None or reply.settled.is_set() or reply.interrupted.is_set():
            return
        reply.interrupted.set()
        if reply.is_over:
            self._inputs.put_nowait(partial(self._cut, reply))

    async def playback_started(self, client: HubClient, message: Message) -> None:
        self._acknowledged(client, message, SpokenReply.start)
        names = ("messageId", "startIndex", "endIndex", "duration", "isNarration")
        await self._chat.tell("speechPlaybackStart", **{name: message.get(name) for name in names})

    async def playback_completed(self, client: HubClient, message: Message) -> None:
        self._acknowledged(client, message, lambda reply, _: reply.finish())
        await self._chat.tell("speechPlaybackComplete", messageId=message["messageId"])

    def _acknowledged(
        self, client: HubClient, message: Message, take: Callable[[SpokenReply, Message], str | None]
    ) -> None:
        reply = self._past.get(message["messageId"])
        if reply is None:
            self._violations.append(f"playback of an unknown message: {message}")
        elif reply.player is client and (wrong := take(reply, message)):
            self._violations.append(wrong)

    def trigger_completed(self, trigger_id: str) -> None:
        """One that is unknown or came before means nothing."""
        if waiting := self._triggers.get(trigger_id):
            waiting.set()

    def left(self, client: HubClient) -> None:
        """Whoever is gone plays nothing and does nothing more."""
        if self._reply is not None and self._reply.player is client:
            self._reply.settled.set()
        if not self._chat.clients:
            for waiting in self._triggers.values():
                waiting.set()

    # what the scenario does

    def happens(self, message: Message) -> None:
        """Queue a `triggerScriptEvent`: the scenario's script hears of it."""
        self._inputs.put_nowait(partial(self._scenario, self, message["name"]))

    async def trigger(self, name: str, *arguments: object) -> None:
        """Send an app trigger; returns when it was carried out, if such things are waited for."""
        trigger_id = new_id() if self._switches.queued_triggers else None
        waiting = asyncio.Event()
        if trigger_id is not None:
            self._triggers[trigger_id] = waiting
        nothing: list[object] | None = None if self._switches.nulls else []
        await self._chat.tell(
            "appTrigger",
            name=name,
            arguments=list(arguments) or nothing,
            messageId=None,
            triggerId=trigger_id,
            senderId=self._chat.characters[0].id,
            scenarioRole=None,
        )
        if trigger_id is not None:
            await waiting.wait()
            del self._triggers[trigger_id]

    # a turn

    async def _turn(self, message: Message) -> None:
        text = message.get("text") or ""
        visitor = Participant("Visitor")
        if self._switches.restless:
            await self._chat.join(visitor)
        await self._chat.flow("ProcessingUserMessage")
        said = await self._take_in(message, text)
        if message.get("doReply", True):
            await self._chat.flow("SelectingSpeaker")
            await self._chat.flow("ProcessingAssistantReply")
            await self._answer(said, self._character(message.get("characterId")))
        if self._switches.restless:
            await self._chat.leave(visitor)
        await self._chat.tell_context()
        self.done += 1

    async def _take_in(self, message: Message, text: str) -> str:
        if text == ASK or not text:
            return ""
        command = next((command for command in _COMMANDS if text.startswith(command)), None)
        role = _COMMANDS[command] if command else _role(message)
        said = text.removeprefix(command or "")
        if self._switches.nulls:
            await self._chat.add("Note", self._chat.user, None)
        await self._chat.add(role, self._chat.user, said)
        return said

    def _character(self, id: str | None) -> Participant:
        return next((one for one in self._chat.characters if one.id == id), self._chat.characters[0])

    async def _say(self, text: str, character_id: str | None) -> None:
        await self._speak(self._character(character_id), once(text))

    async def _answer(self, said: str, character: Participant) -> None:
        await self._speak(character, sentences(self._script, said))

    async def _speak(self, character: Participant, speech: AsyncGenerator[str, None]) -> None:
        reply = SpokenReply(character, len(self._chat.history), self._chat.player)
        self._reply = self._past[reply.id] = reply
        spoken = await _before(reply.interrupted, self._generate(reply, speech))
        if not spoken:
            await self._chat.tell("replyCancelled", messageId=reply.id)
        elif self._waits(reply):
            await _before(reply.interrupted, reply.settled.wait())
        if reply.interrupted.is_set():
            await self._cut(reply)
            if spoken and self._waits(reply):
                await reply.settled.wait()
        reply.is_over = True

    def _waits(self, reply: SpokenReply) -> bool:
        return self._switches.waits_for_playback and reply.player in self._chat.clients

    async def _generate(self, reply: SpokenReply, speech: AsyncGenerator[str, None]) -> None:
        about = {"messageId": reply.id, "senderId": reply.sender.id}
        role = self._chat.wire.role("Assistant")
        await self._chat.tell("replyGenerating", **about, role=role, isNarration=False, thinkingSpeechUrl=None)
        if self._switches.thinks:
            await self._chat.tell("replyThink", **about, text="Let me think.")
        await self._chat.tell("replyStart", **about, chatTime=float(reply.index))
        if self._switches.voice_fails:
            await self._chat.fail("The voice could not be made.", serviceName="Some voice", details=None, code=None)
        if self._switches.pieces is Pieces.WHOLE:
            speech = once(" ".join([sentence async for sentence in speech]))
        async with aclosing(speech):
            async for sentence in speech:
                await self._chunk(reply, sentence)
        places = {"messageIndex": reply.index, "conversationIndex": reply.index}
        await self._chat.tell("replyEnd", **about, tokens=len(reply.text.split()), **places)
        reply.entry = await self._chat.add("Assistant", reply.sender, reply.text, id=reply.id)
        await self._chat.tell("memoryUpdated", memories=[], characterId=reply.sender.id)

    async def _chunk(self, reply: SpokenReply, sentence: str) -> None:
        start = len(reply.text) + 1 if reply.text else 0
        reply.text = f"{reply.text} {sentence}".strip()
        if self._switches.pieces is Pieces.CUMULATIVE:
            start = 0
        speaks = reply.player is not None and not self._switches.voice_fails
        reply.sent.append((start, len(reply.text)))
        await self._chat.tell(
            "replyChunk",
            messageId=reply.id,
            senderId=reply.sender.id,
            startIndex=start,
            endIndex=len(reply.text),
            text=reply.text[start:],
            audioUrl=self._sound.address(sentence) if speaks else "",
            isNarration=False,
            audioGapMs=self._switches.audio_gap_ms,
            affect=None,
            affectCarried=False,
        )

    async def _cut(self, reply: SpokenReply) -> None:
        heard = reply.heard if self._switches.cuts_its_text else reply.text
        if reply.entry is None and heard:
            reply.entry = await self._chat.add("Assistant", reply.sender, heard, id=reply.id)
        elif reply.entry is not None and heard != reply.text:
            reply.entry.text = heard or (None if self._switches.nulls else "")
            await self._chat.show(reply.entry)
        if reply.sent and reply.player is not None:
            await self._chat.tell("interruptSpeech", messageId=reply.id)


def _role(message: Message) -> str:
    role = message.get("role", "User")
    return role if isinstance(role, str) else ROLES[role]


async def _before(event: asyncio.Event, work: Awaitable[object]) -> bool:
    """Do the work unless the event comes first; whether it was done."""
    doing = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            doing.result()
        return doing.done()
    finally:
        doing.cancel()
        waiting.cancel()
        await asyncio.gather(doing, waiting, return_exceptions=True)
