"""Pictures as arrays of bytes, for those who want only that."""

from engine.data.preparation.pictures import read_pictures

__all__ = ["read_pictures"]
