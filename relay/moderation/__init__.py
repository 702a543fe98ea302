"""What may be said: filters in and out, rates and modes, and the moderators' controls."""
