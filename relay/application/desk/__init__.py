"""What fills the desk: what a running relay shows there, and what can be done to it."""
