"""Checks tables against the suites in `dags/quality`: what the data has to be like."""

from lib.quality.checkpoint import run_suite
from lib.quality.outcome import Finding, Outcome, QualityFailed

__all__ = ["Finding", "Outcome", "QualityFailed", "run_suite"]
