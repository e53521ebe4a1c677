"""A simulated platform: does a year of noise fail no release, and how soon is a fault seen?"""
