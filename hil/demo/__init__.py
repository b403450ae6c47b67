"""The demo: a virtual hall on real MicroPython that one can look at, press and unplug."""
