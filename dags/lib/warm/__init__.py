"""Runs scripts of another interpreter at once: its heavy modules are imported once, then forked for each."""

from lib.warm.client import Job, Warm, WarmFailed

__all__ = ["Job", "Warm", "WarmFailed"]
