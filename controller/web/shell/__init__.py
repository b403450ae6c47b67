"""The shell the staff pages live in: who may open which, the frame around them, the socket by which they act.

Nothing here imports NiceGUI when it is imported itself, but `frame`, `layout`, `parts` and what they use: the shell
does when the first page is asked for, so that commands and the API do without its second and its memory.
"""
