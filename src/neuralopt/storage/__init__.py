"""One container for everything that is kept: models, checkpoints, records."""
