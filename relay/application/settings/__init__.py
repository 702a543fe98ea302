"""The settings of a whole relay: reading them, what there is to set, and changing the file."""

from relay.application.settings.fleet import Fleet, load_fleet
from relay.application.settings.loading import companions_in, load, refuse_companions, whereabouts
from relay.application.settings.model import settings_model

__all__ = ["Fleet", "companions_in", "load", "load_fleet", "refuse_companions", "settings_model", "whereabouts"]
