from protocol.inner import plus  # noqa: F401
