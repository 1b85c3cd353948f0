"""Every seeded defect that recordings show turns the case on recorded patients red."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not RECORDINGS.exists(), reason=f"no recordings at {RECORDINGS}"),
]


FEW = {"mitdb": ("203", "208"), "vfdb": ("422", "430")}
"""Of the long recordings a few: a defect shows in each, and half an hour of each takes a while."""


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all collections, and of the long ones a few recordings."""
    folder = tmp_path_factory.mktemp("recordings")
    for collection in sorted(one for one in RECORDINGS.iterdir() if one.is_dir()):
        names = FEW.get(collection.name)
        if names is None:
            (folder / collection.name).symlink_to(collection)
            continue
        (folder / collection.name).mkdir()
        for part in sorted(collection.iterdir()):
            if part.name.partition(".")[0] in names:
                (folder / collection.name / part.name).symlink_to(part)
    return folder


@pytest.mark.parametrize(
    ("unit", "cases", "broken", "seen_by"),
    [
        ("deaf", "irregular_waves", "REQ-ALM-030", "irregular_rates_wrong"),
        ("deaf", "test_beats", "REQ-ALM-031", "beats_found"),
        ("deaf", "rate_limits", "REQ-ALM-032", "rate_episodes_found"),
        ("shy", "rate_limits", "REQ-ALM-032", "rates_shown"),
        ("believes_nobody", "bedside_alarms", "REQ-ALM-033", "alarm_score"),
        ("sees_no_fibrillation", "fibrillation", "REQ-ALM-034", "fibrillations_found"),
        ("technical_is_silent", "test_noise", "REQ-ALM-035", "noise_to_technical_alarm"),
        ("counts_the_notch", "pulse_and_saturation", "REQ-ALM-036", "pulse_rates_right"),
        ("hundred_alarms", "pulse_and_saturation", "REQ-ALM-036", "false_alarms_of_saturation"),
    ],
)
def test_a_defect_is_found_on_recorded_patients(
    tmp_path: Path, few: Path, unit: str, cases: str, broken: str, seen_by: str
) -> None:
    status, assessment, output = judge(tmp_path, unit, cases, suite="alarms", recordings=few)
    assert assessment.requirements[broken].standing is Standing.FAILED, output
    assert status == 1
    assert seen_by in failed_measurements(tmp_path), output
