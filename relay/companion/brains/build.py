"""Which brain the settings ask for."""

from relay.companion.brains.base import Brain
from relay.companion.brains.openai import OpenAIBrain
from relay.companion.brains.rules import RulesBrain
from relay.config import CompanionSection


def brain_for(settings: CompanionSection) -> Brain:
    return OpenAIBrain(settings) if settings.brain == "openai" else RulesBrain(settings.seed)
