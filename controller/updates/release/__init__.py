"""Releases: bundles that were signed, checked and kept."""
