"""When halls are open."""
