"""Releases of the firmware: keys, manifests, signed bundles (docs/contract.md, section 10)."""
