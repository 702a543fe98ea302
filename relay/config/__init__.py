"""The settings of each room, frozen and checked. Every key is explained in config/relay.example.toml."""

from relay.config.base import is_loopback
from relay.config.connections import (
    CompanionSection,
    InboxSection,
    RelaySection,
    ScenarioSection,
    VoxtaSection,
)
from relay.config.forwarding import ForwardingSection, KindRule, RepliesSection, RuleSection, SelectionSection
from relay.config.moderation import BudgetSection, FiltersSection, OutboundSection, check_rate_name
from relay.config.rewards import OfferSection
from relay.config.speech import FloorSection, ObsSection, SpeechSection, VoiceSection, WebSection

__all__ = [
    "BudgetSection",
    "CompanionSection",
    "FiltersSection",
    "FloorSection",
    "ForwardingSection",
    "InboxSection",
    "KindRule",
    "ObsSection",
    "OfferSection",
    "OutboundSection",
    "RelaySection",
    "RepliesSection",
    "RuleSection",
    "ScenarioSection",
    "SelectionSection",
    "SpeechSection",
    "VoiceSection",
    "VoxtaSection",
    "WebSection",
    "check_rate_name",
    "is_loopback",
]
