"""What the stream tells Voxta's scenario, what the scenario may ask for, and who carries it out."""
