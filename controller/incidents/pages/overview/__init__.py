"""The overview, and the map on it."""
