"""The settings of a whole relay: reading them, what there is to set, and changing the file."""

from relay.application.settings.loading import load, settings_model, whereabouts

__all__ = ["load", "settings_model", "whereabouts"]
