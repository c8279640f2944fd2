"""What every room may use: errors, array namespaces, trees, statuses, checks."""
