"""Reads sources as rows, one after the other: tables of PostgreSQL and files of a bucket."""
