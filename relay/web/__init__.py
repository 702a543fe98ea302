"""What the relay serves on this machine."""
