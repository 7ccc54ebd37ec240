"""Sources: one class for each kind of data that data.source can name."""
