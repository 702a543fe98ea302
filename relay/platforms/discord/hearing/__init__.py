"""The companion's ears in a Discord call: from encrypted packets to what each person says."""
