"""The rest of the demo's regency: simulated halls around the real one."""
