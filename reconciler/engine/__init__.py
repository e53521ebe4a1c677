"""Doing: the tick, its journal and its recovery. Knows the world through ports only."""
