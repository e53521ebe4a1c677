"""How a release is judged, signal by signal."""
