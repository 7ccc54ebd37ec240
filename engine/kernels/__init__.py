"""Kernels, one file a family: forward and backward side by side, shapes as annotations."""
