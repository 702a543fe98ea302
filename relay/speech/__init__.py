"""What is heard and when: the floor, clips, playback, interruption, and the people who talk."""
