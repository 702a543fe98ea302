"""Where the audience's messages wait, durably, until each has its outcome."""
