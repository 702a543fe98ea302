"""What several processes of one relay share: how Redis is reached, and what they say to each other through it."""
