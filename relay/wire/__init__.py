"""Voxta's protocol, for both ends."""
