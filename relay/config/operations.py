"""How the relay is watched and ended by those who run services."""

from relay.config.base import Section


class OperationsSection(Section):
    traces: bool = False
