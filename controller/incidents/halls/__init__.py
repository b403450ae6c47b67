"""How all halls do, and where they are: what the overview is drawn from."""
