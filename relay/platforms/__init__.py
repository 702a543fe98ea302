"""Where the audience is: adapters that bring messages in and post text back."""
