"""The suites judge a device; without one named nothing runs, and nothing must look green."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """Refuse to run the cases of a suite as if they were ordinary tests."""
    if not config.getoption("edgeward_profile", None):
        raise pytest.UsageError(
            "these are verification suites: name the device profile with --edgeward-profile NAME"
        )
