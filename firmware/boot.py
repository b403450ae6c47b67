# The chip runs this before main.py, which decides everything, so that it can be read in one place. Both close the
# prompt first: the interpreter lets Ctrl-C interrupt each file that it begins.
import micropython

micropython.kbd_intr(-1)
