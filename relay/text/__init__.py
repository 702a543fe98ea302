"""What can be told of a text by itself: look-alikes, blocked terms, links, personal data, sentences."""
