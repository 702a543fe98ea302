"""How a text is read aloud: what is shown, as a voice should be given it. Pure; what is shown stays as it is."""
