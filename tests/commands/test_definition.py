"""A command as the settings have it."""

from relay.commands.definition import Command
from relay.config import CommandSection
from relay.model import SendAs


def test_a_command_for_the_scenario_calls_its_listener_with_who_used_it_and_the_arguments() -> None:
    section = CommandSection.model_validate({"name": "dance", "script": "on", "parameters": [{"name": "song"}]})

    command = Command.of(section, 5.0)

    assert command.do is None
    assert command.tell is not None
    assert (command.tell.send_as, command.tell.script) == (SendAs.SCRIPT, "command.dance")
    assert command.tell.arguments == {each: f"{{{each}}}" for each in ("author", "platform", "text", "song")}
