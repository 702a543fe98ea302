"""A local Voxta for tests: `async with VoxtaDouble(Switches(...)) as voxta`.

Written from what public clients of real servers say and do, and from nothing of the relay's, so that it cannot share a
misunderstanding with it: voxta-ai/voxta-game-engine-sdk (`docs/maintainers/unity-sdk/protocol-v0.md`),
voxta-ai/voxta-minecraft-companion, vega-holdings/voxta-nodejs-client (`VOXTA_TRAFFIC_MAP.md`, `src/protocol`),
yvon/voxta-discord-bot, and voxta-client and voxta-gateway of PyPI. Messages are plain JSON objects.
"""

from tests.doubles.voxta.faults import SendFault
from tests.doubles.voxta.server import VoxtaDouble
from tests.doubles.voxta.switches import VARIATIONS, KeyRule, Negotiation, Pieces, Rights, Sound, Switches

__all__ = [
    "VARIATIONS",
    "KeyRule",
    "Negotiation",
    "Pieces",
    "Rights",
    "SendFault",
    "Sound",
    "Switches",
    "VoxtaDouble",
]
