"""``python -m neuralopt``: the command line."""

from neuralopt.cli import main

if __name__ == "__main__":
    main()
