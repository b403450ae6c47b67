"""Builds what a board's flash is to hold. Same input, same bytes."""
