"""What a person touches: the command line, sessions, charts and screens."""
