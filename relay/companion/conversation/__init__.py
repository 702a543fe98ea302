"""An open chat: who says what next, what listeners are told, and what the scenario makes of it."""
