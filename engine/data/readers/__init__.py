"""Readers: files as arrays and cells; their errors name file, line and column."""
