"""One reply from its first sign to its posting."""
