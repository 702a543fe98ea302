"""The other end of the wire: a Voxta server of our own, for demos, tests and those without a Voxta."""
