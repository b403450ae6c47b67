"""Whom the fleet trusts: claims of devices, their secrets, their places, and how they reach the broker."""
