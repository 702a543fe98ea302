"""What people say to the companion, as text."""
