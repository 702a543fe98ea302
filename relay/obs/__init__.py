"""The streamer's OBS: the microphone heard through it, what it shows, and the sources that show our overlay."""

from relay.obs.browser_sources import BrowserSources
from relay.obs.client import ObsClient
from relay.obs.microphone import ObsMicrophone
from relay.obs.program import ObsProgram

__all__ = ["BrowserSources", "ObsClient", "ObsMicrophone", "ObsProgram"]
