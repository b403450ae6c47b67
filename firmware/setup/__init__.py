"""Set-up in the hall: an access point with one page, and Improv on the console. Loaded while it is needed."""
