"""The way to a chat in Voxta: a server's or a gateway's."""
