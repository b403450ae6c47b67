"""Makes few and small files of the firmware's many modules."""
