"""Measures what `docs/performance.md` tells, each figure beside what it is compared with, in one run.

`python -m benchmarks --list`. Nothing here is a test: no figure is judged, and half of
it is the machine's.
"""
