"""Several characters in one chat: whose turn it is, what each of them knows, and who takes part."""

from tests.companion.play import CAST, Play, playing
from tests.companion.raw import ScriptedBrain

IMPORT = 'import { chat } from "@voxta";\n'


def speakers(play: Play) -> list[str]:
    return [m.sender.name for m in play.conversation.chat.messages if m.role.value == "Assistant"]


async def test_all_are_announced_with_their_roles() -> None:
    async with playing(characters=CAST) as play:
        characters = [(c["name"], c["scenarioRole"]) for c in play.greeting["characters"]]
        assert characters == [("Vox", "main"), ("Catherine", "friend"), ("Nora", "teller")]
        assert [c["name"] for c in play.client.of_kind("welcome")[0]["characters"]] == ["Vox", "Catherine", "Nora"]


async def test_they_take_turns_and_the_narrator_takes_none() -> None:
    async with playing(characters=CAST) as play:
        for number in range(4):
            await play.ask(f"Message {number}")
        assert speakers(play) == ["Vox", "Catherine", "Vox", "Catherine"]


async def test_who_is_spoken_to_answers() -> None:
    async with playing(characters=CAST) as play:
        await play.ask("catherine, are you there?")
        await play.ask("Tell me more, Catherine.")
        assert speakers(play) == ["Catherine", "Catherine"]


async def test_a_client_may_say_who_answers() -> None:
    async with playing(characters=CAST) as play:
        catherine = play.conversation.chat.characters[1].id
        await play.ask("Hello", characterId=catherine)
        await play.client.in_chat("triggerReply", characterId=catherine)
        await play.settled()
        assert speakers(play) == ["Catherine", "Catherine"]


async def test_a_script_says_who_speaks_next() -> None:
    script = {
        "index.js": f"""{IMPORT}
        chat.addEventListener('userMessageReceived', (e) => e.chatFlow(chat.roles.friend));
        chat.addEventListener('generatingComplete', (e) => {{
          if (e.character.scenarioRole === 'friend') e.chatFlow(chat.roles.main);
        }});"""
    }
    async with playing(script, characters=CAST) as play:
        await play.ask("Hello")
        await play.settled()
        assert speakers(play) == ["Catherine", "Vox"]


async def test_a_script_may_leave_the_turn_to_the_user() -> None:
    script = {
        "index.js": f"{IMPORT}chat.addEventListener('userMessageReceived', (e) => e.chatFlow(chat.user));",
    }
    async with playing(script, characters=CAST) as play:
        await play.client.say("Hello")
        await play.settled()
        assert play.said == [("User", "Hello")]


async def test_who_is_switched_off_takes_no_part() -> None:
    script = {
        "index.js": f"""{IMPORT}
        chat.addEventListener('app:leave', () => chat.setRoleEnabled('friend', false));
        chat.addEventListener('app:come', () => chat.setRoleEnabled('friend', true));"""
    }
    async with playing(script, characters=CAST) as play:
        await play.app("leave")
        await play.ask("Catherine?")
        await play.ask("Catherine?")
        await play.app("come")
        await play.ask("Catherine?")
        assert speakers(play) == ["Vox", "Vox", "Catherine"]
        told = play.client.of_kind("chatParticipantsUpdated")
        assert [[p["enabled"] for p in t["characters"]] for t in told] == [[True, False, True], [True, True, True]]


async def test_an_app_switches_roles_too() -> None:
    async with playing(characters=[CAST[0], CAST[1] | {"enabled": False}]) as play:
        await play.ask("Catherine?")
        await play.client.in_chat("updateContext", contextKey="game", enableRoles={"friend": True})
        await play.ask("Catherine?")
        assert speakers(play) == ["Vox", "Catherine"]


async def test_participants_come_and_go() -> None:
    async with playing(characters=CAST) as play:
        catherine = play.conversation.chat.characters[1].id
        await play.client.in_chat("removeChatParticipant", characterId=catherine)
        without = await play.client.expect("chatParticipantsUpdated")
        await play.client.in_chat("addChatParticipant", characterId=catherine)
        again = await play.client.expect("chatParticipantsUpdated")
        assert [p["name"] for p in without["characters"]] == ["Vox", "Nora"]
        assert [p["name"] for p in again["characters"]] == ["Vox", "Nora", "Catherine"]
        vox = play.conversation.chat.characters[0].id
        await play.client.in_chat("removeChatParticipant", characterId=catherine)
        assert "the last character" in (await play.client.in_chat("removeChatParticipant", characterId=vox))["error"]


async def test_each_knows_what_it_may_know_and_nothing_else() -> None:
    contexts = [
        {"text": "{{ char }} is in a garden."},
        {"text": "Catherine hides a key.", "roles": ["friend"]},
        {"text": "It is night.", "flags": "night"},
        {"text": "Never.", "disabled": True},
    ]
    persona = [CAST[0] | {"persona": "{{ char }} is a robot."}, CAST[1], CAST[2]]
    async with playing(characters=persona, contexts=contexts, description="A garden party.") as play:
        await play.say("/secret He lies.")
        await play.say("/instructions Say hi.")
        await play.ask("Vox?")
        await play.say("/setflags night")
        await play.ask("Catherine?")
        vox, catherine = play.brain.views
        assert vox.contexts == ("Vox is in a garden.",)
        assert catherine.contexts == ("Catherine is in a garden.", "Catherine hides a key.", "It is night.")
        assert (vox.persona, vox.scene, vox.others) == ("Vox is a robot.", "A garden party.", ("Catherine",))
        assert [line.text for line in vox.lines] == ["He lies.", "Vox?"]
        assert [line.name for line in catherine.lines][2:] == ["Vox", "Streamer"]


async def test_what_a_script_tells_characters_counts_while_its_flag_is_set() -> None:
    script = {
        "index.js": f"""{IMPORT}
        chat.addEventListener('app:crown', () => chat.setContext('hat', '{{{{ char }}}} wears a crown.', 'king'));
        chat.addEventListener('app:nothing', () => chat.setContext('hat'));"""
    }
    async with playing(script) as play:
        await play.app("crown")
        await play.ask("1")
        await play.say("/setflags king")
        await play.ask("2")
        await play.app("nothing")
        await play.ask("3")
        assert [view.contexts for view in play.brain.views] == [(), ("Vox wears a crown.",), ()]


async def test_two_messages_of_a_script_are_said_one_after_the_other() -> None:
    script = {
        "index.js": f"""{IMPORT}
        chat.addEventListener('app:play', () => {{
          chat.customMessage({{ text: 'One.', triggerReply: false }});
          chat.queueAppTrigger('drums');
          chat.roleMessage('friend', 'Two.');
        }});"""
    }
    async with playing(script, characters=CAST, brain=ScriptedBrain("Three.")) as play:
        await play.app("play")
        await play.complete(await play.client.expect("appTrigger"))
        await play.settled()
        assert [text for _, text in play.said] == ["One.", "Two.", "Three."]
        assert speakers(play) == ["Vox", "Catherine", "Vox"]
        order = [k for k in play.client.kinds() if k in ("appTrigger", "replyEnd")]
        assert order == ["replyEnd", "appTrigger", "replyEnd", "replyEnd"]


async def test_a_person_who_speaks_silences_what_waits() -> None:
    script = {
        "index.js": f"""{IMPORT}
        chat.addEventListener('app:play', () => {{
          chat.characterMessage('One.'); chat.characterMessage('Two.'); chat.queueAppTrigger('drums');
        }});"""
    }
    async with playing(script, brain=ScriptedBrain("Hm. ", "Well. ", "Yes.", hold=2)) as play:
        await play.client.say("Hello")
        await play.client.expect("replyChunk")
        await play.app("play")
        await play.client.say("Stop!")
        play.brain.go.set()
        await play.settled()
        assert [text for _, text in play.said] == ["Hello", "Hm.", "Stop!", "Hm. Well. Yes."]
        assert play.triggers == []
