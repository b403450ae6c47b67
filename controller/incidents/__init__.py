"""Incidents: what is wrong in the halls, one thing at a time, until it is gone."""
