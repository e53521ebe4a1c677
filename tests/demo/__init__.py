"""The story of `make demo`, and that each of its checks can fail."""
