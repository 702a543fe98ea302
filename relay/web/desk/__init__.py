"""The desk: the page for the streamer and the moderators. What it shows are topics, what it can do are actions."""
