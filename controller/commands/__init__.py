"""The controller's sub-commands of `balai`, one a module."""
