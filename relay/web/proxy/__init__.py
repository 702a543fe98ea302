"""The web process: what streamers, OBS and programs talk to, while a core elsewhere answers them."""
