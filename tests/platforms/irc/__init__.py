"""A platform of the tests: a folder as those in relay/platforms/, with a server of its own to talk to."""
