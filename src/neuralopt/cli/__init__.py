"""The command line: no logic of its own, errors as sentences, exit code 2 for bad input."""

from neuralopt.cli.app import main

__all__ = ["main"]
