"""Telling people of incidents: by mail and by a webhook, once of each opening and once of its closing."""
