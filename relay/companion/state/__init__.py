"""What a chat is, how it is kept, and how it looks on the wire."""
