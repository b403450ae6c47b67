"""Rollouts: a release to many devices, a few at a time, stopped by itself where it does harm."""
