"""The companion in a Discord call: joining, speaking, leaving."""
