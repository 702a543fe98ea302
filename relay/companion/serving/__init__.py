"""The companion on the network: clients, their messages, and who is let in."""
