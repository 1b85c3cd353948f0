"""The pytest plugin: hooks only. Inert unless a device profile is named on the command line.

Everything heavy is imported once a run is asked for; a pytest that is not verifying a device pays
for nothing but these option definitions.
"""

import pytest

OPTIONS = (
    ("--edgeward-profile", "NAME", "verify a device against this device profile (name or path)"),
    ("--edgeward-unit", "UNIT", "the bench unit to verify (default: reference)"),
    ("--edgeward-bench", "FILE", "the bench file that defines units (default: ./bench.toml)"),
    ("--edgeward-depth", "DEPTH", "quick, standard or campaign (default: standard)"),
    ("--edgeward-seed", "INT", "replay a run: the one integer that all randomness comes from"),
    ("--edgeward-out", "DIR", "where the bundle is written; must not exist or be empty"),
    ("--edgeward-suites", "DIR", "the folder of suites and trace (default: the shipped one)"),
    ("--edgeward-key", "FILE", "the private key that signs the bundle (default: this user's)"),
    ("--edgeward-recordings", "DIR", "recordings of patients, a folder for each collection"),
    ("--edgeward-formats", "LIST", "reports to render: html,junit,json or none (default: all)"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Define the options; none of them is set by default."""
    group = parser.getgroup("edgeward", "verification of a medical device")
    for flag, metavar, text in OPTIONS:
        group.addoption(flag, metavar=metavar, default=None, help=text)
    group.addoption(
        "--edgeward-profiles",
        metavar="DIR",
        action="append",
        default=[],
        help="a folder of device profiles, searched before the shipped ones",
    )
    group.addoption(
        "--edgeward-console",
        action="store_true",
        default=False,
        help="print one line a case and progress instead of pytest's dots",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker; start a verification run if a profile was named."""
    config.addinivalue_line("markers", "case(id): the test case of a test plan that this test is")
    if config.getoption("edgeward_profile"):
        from edgeward_harness.run.activate import activate

        activate(config)
