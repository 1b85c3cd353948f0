"""Every seeded defect of secrecy or trust turns its case red, and only for its own reason."""

from pathlib import Path

import pytest

from edgeward_harness.evidence.standing import Standing

from .twin_lab import failed_measurements, judge

pytestmark = pytest.mark.slow

FORGOTTEN = (
    "replayed", "of_another_batch", "of_another_version", "without_a_name", "of_another_type",
    "portal_page", "nothing", "an_empty_object",
)  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "case", "requirement", "found"),
    [
        ("writes_in_the_clear", "test_clear_text", "001", {"words_on_the_disk"}),
        (
            "accepts_tls_1_2", "test_wrong_receivers or test_what_it_shows", "003",
            {"heard_by_tls_1_2", "connections_otherwise_spoken"},
        ),
        ("accepts_the_expired", "test_wrong_receivers", "002", {"heard_by_expired"}),
        ("checks_no_pin", "test_wrong_receivers", "002", {"heard_by_unpinned"}),
        ("checks_no_name", "test_wrong_receivers", "002", {"heard_by_wrong_name"}),
        (
            "needs_all_its_keys", "test_damage", "004",
            {"changed_bytes_of_keys_and_papers_believed"},
        ),
        ("reuses_nonces", "test_nonces", "005", {"nonces_used_twice"}),
        ("takes_any_200", "test_receipts", "006", {f"forgotten_for_{one}" for one in FORGOTTEN}),
        ("erases_nothing", "test_keys", "007", {"erased_records_that_came"}),
        ("keeps_erased_keys", "test_keys", "007", {"erased_records_that_came"}),
        ("rotates_nothing", "test_keys", "007", {"old_keys_in_use"}),
        (
            "gives_its_papers_up", "test_renewal", "008",
            {"failed_renewals_that_harmed", "records_lost_or_changed"},
        ),
        ("logs_keys", "test_hygiene", "009", {"keys_found"}),
        ("shows_its_keyring", "test_hygiene", "009", {"key_files_for_others"}),
        (
            "dates_by_the_wall_clock", "test_clock", "010",
            {"expired_receivers_heard", "right_receivers_refused"},
        ),
        ("ties_nothing", "test_audit", "011", {"lines_that_do_not_hold"}),
        (
            "tells_no_heads", "test_audit", "011",
            {
                "lines_that_do_not_hold", "acts_untold_or_patients_named",
                "changes_of_the_trail_unfound", "cuts_hidden_by_a_start",
            },
        ),
        ("names_its_patients", "test_audit", "011", {"acts_untold_or_patients_named"}),
    ],
)  # fmt: skip
def test_a_defect_of_secrecy_or_trust_is_found(
    tmp_path: Path, unit: str, case: str, requirement: str, found: set[str]
) -> None:
    status, assessment, output = judge(tmp_path, unit, case, suite="encryption")
    assert assessment.requirements[f"REQ-ENC-{requirement}"].standing is Standing.FAILED, output
    assert status == 1
    assert failed_measurements(tmp_path) == found, output
