"""Charts: NumPy arrays to characters and colors. Knows no screen, and imports nothing but NumPy."""
