"""Probes: pictures of what a network has learned, computed beside the training and never touching it."""

from engine.probes.layers import layer_histograms, weights
from engine.probes.pictures import Classes, Fit, Plane
from engine.probes.sights import Sights, Wish

__all__ = ["Classes", "Fit", "Plane", "Sights", "Wish", "layer_histograms", "weights"]
