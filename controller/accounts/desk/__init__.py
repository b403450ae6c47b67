"""What people do with accounts and tokens, with what is written down of it: the same for the API and the pages."""
