"""Voices: what turns a text into sound."""
