"""What the tests of updates share: an application that knows a key of releases, on either database."""

from collections.abc import Iterator

import pytest

from tests.controller.inside import Inside
from tests.controller.updates.bundles import public


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def inside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """The application inside the test's process, with the key that `bundles` signs by."""
    folder = tmp_path_factory.mktemp("updates")
    outside = request.param == "postgresql"
    database = request.getfixturevalue("postgres_server").database() if outside else ""
    one = Inside(folder / "data", database, release_key=public(folder / "release.pem"))
    yield one
    one.stop()
