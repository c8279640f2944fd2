"""Joint training on simulated and real rows."""
