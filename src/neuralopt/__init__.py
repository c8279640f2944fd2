"""Train a neural network by gradient, by closed form or by search, and learn which did best."""

__version__ = "0.1.0"
