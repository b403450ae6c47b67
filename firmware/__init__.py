"""What a device runs."""

VERSION = "0.1.0"
BUILT = 1_795_478_400  # Unix seconds of a day that has surely passed: the clock's floor
