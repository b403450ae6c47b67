"""Software updates: signed releases, and the rollouts that bring them to devices."""
