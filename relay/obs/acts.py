"""What a scenario may do in OBS."""

from pydantic import Field

from relay.acts import Act, Arguments
from relay.config import ObsSection
from relay.obs.connection import connect


class SceneArguments(Arguments):
    name: str = Field(min_length=1, max_length=200)


class SourceArguments(Arguments):
    name: str = Field(min_length=1, max_length=200)
    visible: bool = True


def acts(settings: ObsSection) -> list[Act]:
    """Switch scenes, show and hide sources."""

    async def scene(asked: SceneArguments) -> str:
        async with connect(settings, 0) as obs:
            await obs.request("SetCurrentProgramScene", sceneName=asked.name)
        return f"OBS shows the scene {asked.name}"

    async def source(asked: SourceArguments) -> str:
        async with connect(settings, 0) as obs:
            current = (await obs.request("GetCurrentProgramScene"))["currentProgramSceneName"]
            found = await obs.request("GetSceneItemId", sceneName=current, sourceName=asked.name)
            await obs.request(
                "SetSceneItemEnabled",
                sceneName=current,
                sceneItemId=found["sceneItemId"],
                sceneItemEnabled=asked.visible,
            )
        return f"OBS {'shows' if asked.visible else 'hides'} {asked.name}"

    return [Act("scene", SceneArguments, scene), Act("source", SourceArguments, source)]
