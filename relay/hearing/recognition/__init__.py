"""Engines that turn one person's speech into text."""
