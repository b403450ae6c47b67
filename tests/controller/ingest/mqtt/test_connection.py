"""A session that ends is followed by another, and leaves what others in the process use alone."""

import random
import socket

from controller.ingest.mqtt.connection import Broker, Connection


def test_the_pauses_between_sessions_are_not_drawn_from_the_generator_of_the_process():
    """It is a thread beside others, who may have seeded that generator and rely on what it gives."""
    before = random.getstate()
    with socket.create_server(("127.0.0.1", 0)) as door:
        connection = Connection(Broker("127.0.0.1", door.getsockname()[1]), "test", ["nothing"])
        connection.start()
        for _ in range(3):  # each after a pause
            door.accept()[0].close()
        connection.stop()
    assert connection.sessions == 0
    assert random.getstate() == before
