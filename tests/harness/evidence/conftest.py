"""A sealed run and its key, for all tests of the evidence."""

from pathlib import Path

import pytest
from evidence_lab import sealed_run, signing_key

from edgeward_harness.evidence.keys import SigningKey


@pytest.fixture(scope="session")
def key() -> SigningKey:
    """A key that the tests trust."""
    return signing_key()


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory, key: SigningKey) -> Path:
    """A sealed bundle with every kind of file in it; copy it before you change it."""
    return sealed_run(tmp_path_factory.mktemp("sealed") / "bundle", key)


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for copies."""
    return tmp_path_factory.mktemp("copies")
