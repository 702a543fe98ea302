"""What a character answers with: rules, or a language model."""
