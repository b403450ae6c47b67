# The chip runs this before main.py, which decides everything, so that it can be read in one place. Both close the
# prompt first: the interpreter lets Ctrl-C interrupt each file that it begins.
import micropython

micropython.kbd_intr(-1)

import sys  # noqa: E402  after the prompt is closed

print("balai", sys.version)  # the first words of a board: whoever made it checks its interpreter by them
