"""What OBS shows, and whether it streams."""

from relay.obs import ObsClient, ObsProgram
from tests.doubles.obs import ObsDouble
from tests.obs.test_check import settings
from tests.support import alongside, eventually


class Told:
    def __init__(self, *, quiet_off_stream: bool = False) -> None:
        self.streaming: list[bool | None] = []
        self.program = ObsProgram(
            lambda: self.streaming.append(self.program.is_streaming), quiet_off_stream=quiet_off_stream
        )


async def test_the_scene_is_known_from_the_start_and_followed(obs: ObsDouble) -> None:
    program = Told().program
    async with alongside(ObsClient(settings(obs), [program]).run()):
        await eventually(lambda: program.scene == "Game")
        await obs.show("Break")
        await eventually(lambda: program.scene == "Break")
        await obs.rename_scene("Break", "Pause")
        await eventually(lambda: program.scene == "Pause")
        await obs.stop()
        await eventually(lambda: program.scene is None)


async def test_a_stream_is_told_of_when_it_begins_and_ends_and_not_on_its_way(obs: ObsDouble) -> None:
    told = Told()
    async with alongside(ObsClient(settings(obs), [told.program]).run()):
        await eventually(lambda: told.streaming == [False])
        await obs.stream()
        await obs.show("Break")
        await obs.stream(False)
        await eventually(lambda: told.streaming == [False, True, False])


async def test_a_lost_connection_ends_no_stream(obs: ObsDouble) -> None:
    obs.streaming = True
    told = Told(quiet_off_stream=True)
    assert told.program.is_quiet
    client = ObsClient(settings(obs), [told.program])
    async with alongside(client.run()):
        await eventually(lambda: not told.program.is_quiet)
        await obs.stop()
        await eventually(lambda: "lost" in client.health() or "reached" in client.health())
        assert told.streaming == [True]
        assert not told.program.is_quiet


async def test_a_stream_that_reconnects_has_not_ended(obs: ObsDouble) -> None:
    obs.streaming = True
    told = Told(quiet_off_stream=True)
    async with alongside(ObsClient(settings(obs), [told.program]).run()):
        await eventually(lambda: told.streaming == [True])
        await obs.lose_stream()
        await obs.show("Break")
        await eventually(lambda: told.program.scene == "Break")
        assert told.streaming == [True]
        assert not told.program.is_quiet
        await obs.stream(False)
        await eventually(lambda: told.streaming == [True, False])


async def test_off_stream_the_companion_is_quiet_only_when_asked(obs: ObsDouble) -> None:
    asked, plain = Told(quiet_off_stream=True), Told()
    client = ObsClient(settings(obs), [asked.program, plain.program])
    async with alongside(client.run()):
        await eventually(lambda: client.health() == "not streaming, so the companion is quiet (obs.quiet_off_stream)")
        assert (asked.program.is_quiet, plain.program.is_quiet) == (True, False)
        await obs.stream()
        await eventually(lambda: client.health() == "")
        assert (asked.program.is_quiet, plain.program.is_quiet) == (False, False)
