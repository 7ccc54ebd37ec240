"""The Python API: what `import tui_lab as tl` gives besides the components."""
