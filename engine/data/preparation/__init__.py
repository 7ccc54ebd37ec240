"""Preparation: the split, preprocessing, the fitted pipeline and the data set that comes of them."""
