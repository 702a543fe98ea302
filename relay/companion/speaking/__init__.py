"""A character's replies, sentence by sentence, and their sound."""
