"""What the tests of approvals share."""

import shutil
from pathlib import Path

import pytest
from approval_lab import Authority, authority_at, desk

__all__ = ["desk"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A time stamp authority, where there is OpenSSL."""

    def need() -> None:
        if shutil.which("openssl") is None:
            pytest.skip("no openssl here to stamp times")

    return authority_at(Path(tmp_path_factory.mktemp("authority")), need)
