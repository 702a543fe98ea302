"""What is remembered of people: off unless the streamer switches it on, and then loaded, opened and stored."""
