"""What several DAGs share; versioned on its own, as the component `libs`."""

VERSION = "1.0.0"
"""Raised with each published version of this library; `release_probe` reports it."""
