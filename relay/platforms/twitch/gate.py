"""Which of the things Twitch tells are let in, by the settings and by what came before."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence

from twitchio import (
    AutomodMessageHold,
    AutomodMessageUpdate,
    ChatMessage,
    ChatNotification,
    SuspiciousUserMessage,
    SuspiciousUserUpdate,
)
from twitchio.models.eventsub_ import BaseEvent

from relay.model import AudienceMessage, Incoming, PlatformDecision
from relay.platforms.twitch.incoming.chat import shared_by
from relay.platforms.twitch.incoming.moderation import RESTRICTED
from relay.platforms.twitch.once import News
from relay.platforms.twitch.settings import PLATFORM, TwitchSection
from relay.system.bounded import remember

REMEMBERED = 500
"""Messages that AutoMod holds, and restricted people; the oldest is forgotten."""
Said = tuple[str, str, str]
"""Channel, author and text: an approved message may come into chat under another id than it was held with."""


class Gate:
    """Events pass in the order they come. `channels` are the ids of those that are listened to."""

    def __init__(self, settings: TwitchSection, channels: Callable[[], Collection[str]]) -> None:
        self._settings = settings
        self._channels = channels
        self._news = News()
        self._withheld: OrderedDict[str, Said] = OrderedDict()
        """What AutoMod holds, by its id."""
        self._restricted: OrderedDict[tuple[str, str], None] = OrderedDict()
        """Channels and people whose chat comes as an event of its own."""

    def let_in(self, event: BaseEvent, meaning: Sequence[Incoming]) -> list[Incoming]:
        """What of an event's meaning is to be told."""
        self._note(event)
        if isinstance(event, ChatMessage):
            if (released := self._released(event)) is not None:
                return [released]
            if (event.broadcaster.id, event.chatter.id) in self._restricted:
                return []
        if isinstance(event, ChatMessage | ChatNotification) and not self._is_heard(event):
            return []
        return [self._as_set(each) for each in meaning if self._news.is_new(each)]

    def holds(self, said: Said) -> bool:
        """Whether AutoMod holds this."""
        return _key_of(self._withheld, said) is not None

    def _note(self, event: BaseEvent) -> None:
        match event:
            case AutomodMessageUpdate():
                if event.status.lower() != "approved":  # what is approved comes into chat next
                    self._withheld.pop(event.message_id, None)
            case AutomodMessageHold():
                self._withheld[event.message_id] = (event.broadcaster.id, event.user.id, event.text.strip())
                if len(self._withheld) > REMEMBERED:
                    self._withheld.popitem(last=False)
            case SuspiciousUserMessage() | SuspiciousUserUpdate():
                self._note_status((event.broadcaster.id, event.user.id), event.low_trust_status)

    def _note_status(self, who: tuple[str, str], status: str) -> None:
        self._restricted.pop(who, None)
        if status == RESTRICTED and self._settings.restricted_chat != "ignore":
            remember(self._restricted, who, None, REMEMBERED)

    def _released(self, event: ChatMessage) -> PlatformDecision | None:
        """What was held comes into chat, so somebody has approved it; it is known already."""
        said = (event.broadcaster.id, event.chatter.id, event.text.strip())
        held = event.id if event.id in self._withheld else _key_of(self._withheld, said)
        if held is None:
            return None
        del self._withheld[held]
        return PlatformDecision(platform=PLATFORM, id=held, is_approved=True, reason="approved on twitch")

    def _is_heard(self, event: ChatMessage | ChatNotification) -> bool:
        source = shared_by(event)
        if source is None:
            return True
        return self._settings.shared_chat != "ignore" and source.id not in self._channels()  # where it is heard, too

    def _as_set(self, incoming: Incoming) -> Incoming:
        """With the marks that the settings want."""
        if not isinstance(incoming, AudienceMessage) or incoming.mark is None:
            return incoming
        if incoming.withheld is not None:
            hold = self._settings.restricted_chat == "hold"
            return incoming.model_copy(update={"mark": None} if hold else {"withheld": None})
        return incoming if self._settings.shared_chat == "mark" else incoming.model_copy(update={"mark": None})


def _key_of(withheld: OrderedDict[str, Said], said: Said) -> str | None:
    return next((id for id, each in withheld.items() if each == said), None)
