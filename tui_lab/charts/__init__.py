"""Charts: NumPy arrays to characters and colours. Knows no screen, and imports nothing but NumPy."""
