"""Faults that can be planted in the sources, by name: at least one for each rule that the platform checks."""
