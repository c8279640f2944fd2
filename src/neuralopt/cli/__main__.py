"""``python -m neuralopt.cli``."""

from neuralopt.cli.app import main

main()
