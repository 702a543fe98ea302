"""placeholder"""

from relay.companion.brain import Pieces, View


class RulesBrain:
    def __init__(self, seed: int) -> None:
        self._seed = seed

    async def reply(self, view: View) -> Pieces:
        yield f"Hello there! You said something in {len(view.lines)} lines."
