"""Bundled real data and the reading of users' tables."""
