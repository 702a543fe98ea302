"""Which brain the settings ask for."""

from relay.companion.brain import Brain
from relay.companion.openai import OpenAIBrain
from relay.companion.rules import RulesBrain
from relay.settings import CompanionSection


def brain_for(settings: CompanionSection) -> Brain:
    return OpenAIBrain(settings) if settings.brain == "openai" else RulesBrain(settings.seed)
