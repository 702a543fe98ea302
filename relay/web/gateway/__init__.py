"""The API of a Voxta Gateway: what avatar bridges, chat overlays and games speak."""
