"""Models on disk: which there are, how they are fetched when somebody asks for them, and where they are kept."""
