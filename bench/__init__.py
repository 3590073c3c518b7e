"""Measurements, as ratios against the raw statement or a peer in the same run. Never part of the tests."""
