"""Contract suites that ship with the package, for optimizers of one's own."""

from neuralopt.testing.contract import check_optimizer, optimizer_checks

__all__ = ["check_optimizer", "optimizer_checks"]
