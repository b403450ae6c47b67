"""The measured table: what Balai promises, side by side with its reference, on this machine and in one run."""
