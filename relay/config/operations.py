"""How the relay is watched and ended by those who run services."""

from relay.config.base import Seconds, Section


class OperationsSection(Section):
    drain: Seconds = 5.0
    traces: bool = False
