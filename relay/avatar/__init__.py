"""The companion's face in VTube Studio: a mouth that says what is heard, and expressions that fit it."""
