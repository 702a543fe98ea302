"""The settings of each room, frozen and checked. Every key is explained in config/relay.example.toml."""

from relay.config.actions import ActionSection
from relay.config.avatar import AvatarSection, VTubeStudioSection
from relay.config.base import is_loopback
from relay.config.commands import CommandSection, CommandsSection, ParameterSection
from relay.config.connections import (
    CompanionSection,
    InboxSection,
    RelaySection,
    ScenarioSection,
    VoxtaSection,
)
from relay.config.forwarding import ForwardingSection, KindRule, RepliesSection, RuleSection, SelectionSection, Telling
from relay.config.hearing import HearingSection
from relay.config.memory import MemorySection
from relay.config.moderation import BudgetSection, FiltersSection, OutboundSection, check_rate_name
from relay.config.operations import OperationsSection
from relay.config.processes import ProcessesSection
from relay.config.rewards import OfferSection, RedemptionsSection, RewardSection, RewardSections
from relay.config.speech import FloorSection, ObsSection, SpeechSection, VoiceSection, WebSection

__all__ = [
    "ActionSection",
    "AvatarSection",
    "BudgetSection",
    "CommandSection",
    "CommandsSection",
    "CompanionSection",
    "FiltersSection",
    "FloorSection",
    "ForwardingSection",
    "HearingSection",
    "InboxSection",
    "KindRule",
    "MemorySection",
    "ObsSection",
    "OfferSection",
    "OperationsSection",
    "OutboundSection",
    "ParameterSection",
    "ProcessesSection",
    "RedemptionsSection",
    "RelaySection",
    "RepliesSection",
    "RewardSection",
    "RewardSections",
    "RuleSection",
    "ScenarioSection",
    "SelectionSection",
    "SpeechSection",
    "Telling",
    "VTubeStudioSection",
    "VoiceSection",
    "VoxtaSection",
    "WebSection",
    "check_rate_name",
    "is_loopback",
]
