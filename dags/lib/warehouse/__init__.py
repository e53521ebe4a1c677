"""Loads rows into Snowflake so that running a load again changes nothing."""
