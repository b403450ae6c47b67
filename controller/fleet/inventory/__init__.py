"""The inventory: devices in lists, their tags and figures over time, views that people keep, and changes to many."""
