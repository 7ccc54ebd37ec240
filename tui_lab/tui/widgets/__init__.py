"""Widgets, one a file; each paints a canvas of its own."""
