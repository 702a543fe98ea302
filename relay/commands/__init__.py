"""Viewers' commands: found in what is written, allowed or refused, and carried out."""
