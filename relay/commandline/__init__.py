"""The groups of commands, and what all of them share. Commands only: they parse, then call the room that does it."""
