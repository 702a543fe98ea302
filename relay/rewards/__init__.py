"""What viewers spend points on: fulfilled when it was done, paid back when it was not."""
