"""Many companions by one settings file: what becomes of a change, and whose a message is."""
