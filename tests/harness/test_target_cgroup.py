"""Control groups: where they can be made, what is written, what is read back, what is swept."""

import os
import time
from pathlib import Path

import pytest

from edgeward_harness.target.cgroup import Group, Home, here, homes, quota_for
from edgeward_harness.target.family import members

V1 = """\
32 31 0:29 / {root}/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / {root}/memory rw,relatime shared:7 - cgroup cgroup rw,memory
36 31 0:33 / {root}/unified rw,relatime - cgroup2 cgroup2 rw
"""
V1_OWN = "9:name=systemd:/\n4:memory:/jobs/1\n1:cpu,cpuacct:/\n0::/\n"
V2 = "24 23 0:22 / {root} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def test_a_share_is_dealt_out_in_five_milliseconds() -> None:
    assert quota_for(0.5) == (2_500, 5_000)
    assert quota_for(1.5) == (7_500, 5_000)
    assert quota_for(0.2) == (1_000, 5_000)


def test_a_small_share_stretches_the_period_instead_of_being_refused() -> None:
    assert quota_for(0.05) == (1_000, 20_000)
    quota_us, period_us = quota_for(0.01)
    assert quota_us / period_us == 0.01


def test_version_1_is_found_by_controller(tmp_path: Path) -> None:
    own = tmp_path / "memory" / "jobs" / "1"
    own.mkdir(parents=True)
    (tmp_path / "unified").mkdir()
    (tmp_path / "unified" / "cgroup.controllers").write_text("\n")
    found = homes(V1.format(root=tmp_path), V1_OWN)
    assert found == {"cpu": Home(1, tmp_path / "cpu"), "memory": Home(1, own)}


def test_version_2_is_found_by_what_it_offers(tmp_path: Path) -> None:
    own = tmp_path / "user" / "session"
    own.mkdir(parents=True)
    (own / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    found = homes(V2.format(root=tmp_path), "0::/user/session\n")
    assert found == {"cpu": Home(2, own), "memory": Home(2, own)}


def test_in_a_container_only_a_part_of_the_tree_is_mounted(tmp_path: Path) -> None:
    mount = f"30 23 0:22 /docker/abc {tmp_path} rw - cgroup cgroup rw,memory\n"
    (tmp_path / "inner").mkdir()
    assert homes(mount, "4:memory:/docker/abc/inner\n")["memory"].folder == tmp_path / "inner"
    assert homes(mount, "4:memory:/elsewhere\n")["memory"].folder == tmp_path


@pytest.mark.parametrize(
    "mountinfo", ["", "nonsense\n", "1 2 3 - cgroup\n", "a b c d e - cgroup2\n"]
)
def test_a_host_without_groups_offers_none(mountinfo: str) -> None:
    assert homes(mountinfo, "") == {}


def fake_v2(home: Path) -> Home:
    """A folder in which a new group has version 2's files, as the kernel would make them."""
    (home / "cgroup.controllers").write_text("cpu memory\n")
    group = home / f"edgeward-{os.getpid()}-0"
    return Home(2, group.parent)


def test_version_2_gets_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = fake_v2(tmp_path)

    def made(_home: Home, name: str, _controller: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for file in ("cpu.max", "cpu.weight", "memory.max", "memory.swap.max", "cgroup.procs"):
            (folder / file).write_text("max\n")
        (folder / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
        return folder

    monkeypatch.setattr("edgeward_harness.target.cgroup._made", made)
    group = Group(("cpu", "memory"), {"cpu": home, "memory": home})
    (folder,) = group.folders
    assert group.limit_cpu(2_500, 5_000) == (
        "cgroup v2 quota 2500 us in every 5000 us, cpu.weight = 10000"
    )
    assert (folder / "cpu.max").read_text() == "2500 5000"
    assert group.limit_memory(1 << 26) == f"cgroup v2 memory.max = {1 << 26}"
    assert (folder / "memory.swap.max").read_text() == "0"
    assert group.out_of_memory_kills() == 2
    (folder / "cgroup.procs").write_text("0\n")
    assert members([str(folder)]) == set()
    assert not group.holds("cpu", 1)


def test_a_limit_the_kernel_does_not_keep_is_not_enforced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(_home: Home, name: str, _controller: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "memory.max").symlink_to("/dev/null")
        return folder

    monkeypatch.setattr("edgeward_harness.target.cgroup._made", made)
    group = Group(("memory",), {"memory": fake_v2(tmp_path)})
    with pytest.raises(OSError, match=r"memory\.max reads  after 4096 was written"):
        group.limit_memory(4096)


def test_a_folder_without_controllers_is_told_and_removed(tmp_path: Path) -> None:
    group = Group(("cpu", "memory"), {"cpu": fake_v2(tmp_path)})
    assert group.folders == ()
    assert "the cpu controller is not delegated to it" in group.reasons["cpu"]
    assert group.reasons["memory"] == "this host has no memory control group"
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []
    group.close()


def test_groups_left_by_a_killed_harness_are_swept(tmp_path: Path) -> None:
    gone = 4_194_303  # no process has the greatest number while this test starts few
    assert not Path(f"/proc/{gone}").exists()
    old, young = tmp_path / f"edgeward-{gone}-0", tmp_path / f"edgeward-{gone}-1"
    living, stranger = tmp_path / f"edgeward-{os.getpid()}-x", tmp_path / "system.slice"
    for folder in (old, young, living, stranger):
        folder.mkdir()
    hour_ago = time.time() - 3600
    for folder in (old, living, stranger):
        os.utime(folder, (hour_ago, hour_ago))
    Group(("cpu",), {"cpu": Home(2, tmp_path)}).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        path.name for path in (young, living, stranger)
    )


def test_this_hosts_groups_are_real_or_absent() -> None:
    for name, home in here().items():
        assert (home.folder / "cgroup.procs").exists(), name


def test_a_group_is_removed_when_it_is_closed() -> None:
    group = Group(("cpu", "memory"), here())
    folders = group.folders
    group.close()
    group.close()
    assert not any(folder.exists() for folder in folders)
