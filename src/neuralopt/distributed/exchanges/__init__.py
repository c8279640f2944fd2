"""How workers agree on one vector: exact, rounded, sparse, one bit, low rank."""
