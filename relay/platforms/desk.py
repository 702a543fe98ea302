"""Where answers go to what is pretended: nowhere but to the desk, which shows them."""

from collections.abc import Sequence

from relay.model import DESK, Post


class DeskOutlet:
    """Takes every post down. Whoever looks at the desk hears of it as of any other post."""

    name = DESK
    text_limit = 2000
    """Characters; as on the platform that takes the longest posts."""

    async def post(self, post: Post) -> None:
        """See Outlet."""

    def channels(self) -> Sequence[str]:
        """None: what answers nobody in particular is shown on the desk anyway."""
        return ()
