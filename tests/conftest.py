"""What all tests share: how hypothesis works here."""

from hypothesis import HealthCheck, settings

# A machine that is busy with something else fails no test; what does fail can be repeated from what was printed.
settings.register_profile("balai", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("balai")
