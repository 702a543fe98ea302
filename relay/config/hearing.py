"""How people are heard."""

from relay.config.base import Seconds, Section


class HearingSection(Section):
    """Times in seconds."""

    doubt: Seconds = 1.0
