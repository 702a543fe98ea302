"""What a scenario is made of, and reading one from its folder."""
