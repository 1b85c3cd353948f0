"""How large a device's software and its models are, by the files that its processes show."""

import pytest

from edgeward.profile import Profile
from edgeward_harness.errors import CannotJudge
from edgeward_harness.measure.level import Level, judge_levels
from edgeward_harness.rig.bench import Rig
from edgeward_harness.rig.software import file_with_digest, software_of
from edgeward_harness.run.measure import Measure
from edgeward_harness.target import DeviceSession

from .feed import Feed
from .watching import MB


@pytest.mark.case("TC-RES-005")
def test_model_size(device: DeviceSession, profile: Profile, measure: Measure, rig: Rig) -> None:
    """Each model that the device describes is a file of it, and within the size promised.

    Method: the digests that the device describes are looked for among the files of its software,
    those in its own folder, and those that its processes have mapped, opened or were started with.
    The size of the file found is held against the budget. A digest of no file is a false one where
    all files are known, and cannot be judged where they are not: a model may be part of a program.
    """
    Feed(device, rig.seed("model"), streams=1).cross()
    software = software_of(device)
    sizes: list[Level] = []
    for model in device.description["models"]:
        digest = str(model["sha256"])
        found = file_with_digest(device, software, digest)
        if found is None and software.incomplete:
            raise CannotJudge(f"model {digest[:12]} is in no file known. {software.incomplete}")
        measure.check(
            "described_model_is_a_file",
            found is not None,
            expected="a file of the device with the digest it describes",
            observed=f"{found.name} for {digest[:12]}" if found else f"none for {digest[:12]}",
        )
        if found is not None:
            sizes.append(Level(found.stat().st_size / MB, found.stat().st_size / MB))
    measure.record("model_size", judge_levels(sizes, profile.budget.model_size_mb, "MB"))


@pytest.mark.case("TC-RES-006")
def test_package_size(device: DeviceSession, profile: Profile, measure: Measure, rig: Rig) -> None:
    """The installed software of the device is within the size promised.

    Method: after its first result the device's processes show which files they use. With each goes
    the distribution that installed it, and all that those require; with the command line, what
    provides its module or what its script imports. Byte code, the interpreter and what belongs to
    the system are not counted. Of a program that is not Python these files cannot be told: then
    what is seen is the least, and nothing is said where that keeps the budget. Each distribution is
    kept with its version and one digest over its files, so that what ships can be held against it.
    """
    Feed(device, rig.seed("package"), streams=1).cross()
    software = software_of(device)
    size_mb = software.size_bytes / MB
    most_mb = float("inf") if software.incomplete else size_mb
    measure.attach_json("software.json", {str(path): size for path, size in software.files.items()})
    measure.attach_json("distributions.json", software.identity)
    names = ", ".join(software.distributions) or "no distribution"
    note = f"{size_mb:.1f} MB in {len(software.files)} files: {names}"
    judged = judge_levels(
        [Level(size_mb, most_mb)],
        profile.budget.package_mb,
        "MB",
        doubt=software.incomplete,
        note=note,
    )
    measure.record("package_size", judged)
