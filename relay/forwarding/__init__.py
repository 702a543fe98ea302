"""Which of the audience's messages reach the companion, when, and in which words."""
