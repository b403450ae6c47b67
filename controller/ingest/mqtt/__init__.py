"""The way to the broker: two MQTT sessions, one of them made for many events."""
