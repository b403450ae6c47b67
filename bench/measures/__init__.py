"""What is measured, a module each: `measure()` returns rows of the table."""
