"""Sessions: what a screen may ask of a run, and the thread that trains it."""
