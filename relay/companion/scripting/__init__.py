"""A scenario's scripts, in an engine that reaches nothing but what it is given."""
