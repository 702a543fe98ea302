// One viewer: what they wrote, what became of it, mute, block a word.
