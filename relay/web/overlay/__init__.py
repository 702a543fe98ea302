"""The companion's voice and captions in an OBS browser source."""
