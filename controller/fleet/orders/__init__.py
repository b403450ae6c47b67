"""Orders: commands that people give to devices, kept until it is known what became of them."""
