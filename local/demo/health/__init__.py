"""The second story: what happens when a release is not well. On a stack of its own, of one environment."""
