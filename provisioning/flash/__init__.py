"""Puts an image on boards, and stays with each until the controller has seen it."""
