"""The composition root, the ways to run a relay, and what people watch and steer it with."""
