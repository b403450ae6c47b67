"""The filter language of devices: what a person types, what it means, and what a database makes of it."""
