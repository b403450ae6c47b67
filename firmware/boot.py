# The chip runs this before main.py, which decides everything, so that it can be read in one place.
