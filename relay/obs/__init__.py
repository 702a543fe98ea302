"""The streamer's microphone, heard through OBS."""

from relay.obs.microphone import ObsMicrophone

__all__ = ["ObsMicrophone"]
