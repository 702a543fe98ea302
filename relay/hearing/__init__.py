"""What people say aloud: where in the sound somebody speaks, whose voice it is, and what the words are."""
