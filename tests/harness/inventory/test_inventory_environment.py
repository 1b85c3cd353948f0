"""An inventory tells what an environment holds, and everything that is wrong with it."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from environment_lab import device_environment, install, site_of

import edgeward
from edgeward.adapters.host import build_sha256
from edgeward_harness.errors import InputError
from edgeward_harness.inventory.model import Inventory, Kind, Trouble
from edgeward_harness.inventory.records import files_sha256, listed_sha256
from edgeward_harness.inventory.sites import Environment
from edgeward_harness.inventory.take import package_sha256, take


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A device's environment, in order."""
    return device_environment(tmp_path / "device")


def taken(prefix: Path, *extras: str) -> Inventory:
    return take(Environment(prefix), "Edgeward", extras)


def told(prefix: Path) -> list[tuple[str, Trouble, str]]:
    return [(one.component, one.trouble, one.what) for one in taken(prefix).findings]


def names(inventory: Inventory) -> list[str]:
    return [one.ref for one in inventory.components]


def test_the_software_is_what_it_requires_here_and_nothing_beside(prefix: Path) -> None:
    inventory = taken(prefix)
    assert names(inventory) == ["arrays@1.0", "cpython@3.11.2"]
    assert inventory.root.requires == ("arrays@1.0", "cpython@3.11.2")
    assert inventory.beside == ("bystander 1.0", "helper 1.0", "sealing 2.1")
    assert inventory.python == "3.11.2"
    assert inventory.findings == ()


def test_an_extra_brings_what_it_stands_on(prefix: Path) -> None:
    inventory = taken(prefix, "COMMS")
    assert names(inventory) == ["arrays@1.0", "cpython@3.11.2", "helper@1.0", "sealing@2.1"]
    assert inventory.component("sealing@2.1").requires == ("helper@1.0",)  # type: ignore[union-attr]
    assert inventory.extras == ("comms",)


def test_a_licence_is_told_and_never_guessed(prefix: Path) -> None:
    parts = {one.name: str(one.licence) for one in taken(prefix, "comms").components}
    assert parts == {"arrays": "BSD", "cpython": "", "helper": "MIT", "sealing": ""}
    licences = [taken(prefix, "comms").component(ref) for ref in ("arrays@1.0", "helper@1.0")]
    assert [one.licence.expression for one in licences if one] == ["", "MIT"]


def test_the_build_is_the_one_that_a_device_tells() -> None:
    assert package_sha256(Path(edgeward.__file__).parent) == build_sha256()


def test_a_changed_file_is_found(prefix: Path) -> None:
    (site_of(prefix) / "arrays/__init__.py").write_text("Z\n")
    assert told(prefix) == [("arrays", Trouble.CHANGED, "arrays/__init__.py")]


def test_a_missing_file_is_found(prefix: Path) -> None:
    (site_of(prefix) / "arrays/__init__.py").unlink()
    assert told(prefix) == [("arrays", Trouble.MISSING, "arrays/__init__.py")]


def test_a_foreign_file_is_found_wherever_an_import_would_find_it(
    prefix: Path, tmp_path: Path
) -> None:
    site = site_of(prefix)
    (tmp_path / "elsewhere").mkdir()
    (site / "arrays" / "linked").symlink_to(tmp_path / "elsewhere")
    (site / "arrays/deep").mkdir()
    (site / "arrays/deep/more.py").write_text("")
    (site / "sitecustomize.py").write_text("")
    (site / "unknown").mkdir()
    (site / "arrays/sourceless.pyc").write_text("")
    (site / "arrays/__pycache__").mkdir()
    (site / "arrays/__pycache__/x.cpython-311.pyc").write_text("")
    foreign = {one.what for one in taken(prefix).findings if one.trouble is Trouble.FOREIGN}
    assert foreign == {"arrays/linked", "arrays/deep/more.py", "arrays/sourceless.pyc",
                       "sitecustomize.py", "unknown/"}  # fmt: skip


def test_a_folder_that_two_share_is_foreign_to_none(prefix: Path) -> None:
    install(prefix, "arrays-more", {"arrays/plug.py": "p\n"})
    assert told(prefix) == []


def test_a_record_that_leads_out_is_not_followed(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    record = site_of(prefix) / "arrays-1.0.dist-info/RECORD"
    record.write_text(record.read_text() + "../../../../secret,sha256=x,1\n")
    assert told(prefix) == [("arrays", Trouble.OUTSIDE, "../../../../secret")]


def test_paths_that_lead_nowhere_end_nothing(prefix: Path) -> None:
    loop = site_of(prefix) / "arrays/loop.py"
    loop.symlink_to(loop)
    record = site_of(prefix) / "arrays-1.0.dist-info/RECORD"
    record.write_text(record.read_text() + "a\0b,sha256=x,1\narrays/loop.py,sha256=x,1\n")
    found = taken(prefix)
    assert {one.trouble for one in found.findings} <= {Trouble.OUTSIDE, Trouble.MISSING}
    assert {one.what for one in found.findings} == {"arrays/loop.py", "a\0b"}


@pytest.mark.parametrize("given", ["", "md5=abc"])
def test_a_file_without_a_strong_digest_is_found(prefix: Path, given: str) -> None:
    record = site_of(prefix) / "arrays-1.0.dist-info/RECORD"
    lines = record.read_text().splitlines()
    lines[0] = f"arrays/__init__.py,{given},2"
    record.write_text("\n".join(lines))
    assert told(prefix) == [("arrays", Trouble.UNLISTED, "arrays/__init__.py")]


def test_a_distribution_without_a_record_is_found(prefix: Path) -> None:
    (site_of(prefix) / "arrays-1.0.dist-info/RECORD").unlink()
    found = told(prefix)
    assert ("arrays", Trouble.UNLISTED, "arrays-1.0.dist-info/RECORD") in found
    assert ("environment", Trouble.FOREIGN, "arrays/") in found


def test_what_is_required_and_not_there_or_too_old_is_found(prefix: Path) -> None:
    install(prefix, "edgeward", {}, requires=["arrays>=2", "nowhere>=1", "older"])
    (site_of(prefix) / "Older-1.0.egg-info").mkdir()
    found = [(one.trouble, one.what, one.detail) for one in taken(prefix).findings]
    assert (Trouble.ABSENT, "nowhere>=1", "") in found
    assert (Trouble.UNMET, "arrays>=2", "arrays 1.0 is installed") in found
    assert any(what == "older" and "without a RECORD" in detail for _, what, detail in found)


def test_two_versions_of_one_are_found(prefix: Path) -> None:
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, version="1.1")
    assert ("arrays", Trouble.TWICE, "1.0 and 1.1") in told(prefix)


def test_a_version_that_is_none_does_for_nothing(prefix: Path) -> None:
    shutil.rmtree(site_of(prefix) / "arrays-1.0.dist-info")
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, version="one.two")
    assert ("edgeward", Trouble.UNMET, "arrays>=1.0") in told(prefix)


def test_what_lies_within_is_told_by_its_nested_bill(prefix: Path) -> None:
    components = [
        {"type": "library", "name": "helper", "version": "1.1", "purl": "pkg:pypi/helper@1.1?x=y"},
        {
            "name": "tls",
            "version": "4.0",
            "hashes": [{"alg": "SHA-256", "content": "a" * 64}],
            "licenses": [{"license": {"id": "apache-2.0"}}],
            "components": [{"name": "inner", "author": "Someone"}],
        },
        {"name": "sealing", "version": "2.2"},
        {"version": "nameless"},
    ]
    bill = json.dumps({"bomFormat": "CycloneDX", "components": components})
    install(prefix, "sealing", {}, version="2.2", sbom=bill)
    shutil.rmtree(site_of(prefix) / "sealing-2.1.dist-info")
    parts = [one for one in taken(prefix, "comms").components if one.kind is Kind.BUNDLED]
    assert [(one.ref, one.owner) for one in parts] == [
        ("sealing@2.2#inner@", "sealing@2.2"),
        ("sealing@2.2#pkg:pypi/helper@1.1", "sealing@2.2"),
        ("sealing@2.2#tls@4.0", "sealing@2.2"),
    ]
    assert parts[0].supplier == "Someone"
    assert (parts[2].licence.expression, parts[2].sha256) == ("Apache-2.0", "a" * 64)


@pytest.mark.parametrize("sbom", ["no json", "[]", '{"bomFormat": "SPDX"}', "[" * 100_000])
def test_a_nested_bill_that_cannot_be_read_is_found(prefix: Path, sbom: str) -> None:
    shutil.rmtree(site_of(prefix) / "arrays-1.0.dist-info")
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, sbom=sbom)
    assert [one.trouble for one in taken(prefix).findings] == [Trouble.UNREADABLE]


def test_the_digest_over_files_is_of_the_wheel_not_of_the_place(tmp_path: Path) -> None:
    infos = [install(tmp_path / at, "one", {"one.py": "1\n"}) for at in ("a", "b", "c")]
    script = "../../../bin/one,sha256=x,9\n"
    (infos[1] / "RECORD").write_text((infos[1] / "RECORD").read_text() + script)
    (infos[1] / "INSTALLER").write_text("another\n")
    assert files_sha256(infos[0]) == files_sha256(infos[1]) == listed_sha256(infos[2])
    (infos[2].parent / "one.py").write_text("2\n")
    assert files_sha256(infos[2]) != listed_sha256(infos[2]) == files_sha256(infos[0])


@pytest.mark.slow  # reads every file of a real environment
def test_a_linked_package_says_that_nobody_lists_its_files() -> None:
    inventory = take(Environment(Path(sys.prefix)), "edgeward")
    assert inventory.build_sha256 == build_sha256()
    assert (
        bool(inventory.root.installed_as) is (site_of(Path(sys.prefix)) / "_edgeward.pth").exists()
    )
    models = [one.name for one in inventory.components if one.kind is Kind.MODEL]
    assert models == ["beat-reference", "rhythm-reference"]


def test_an_interpreter_stands_for_its_environment(prefix: Path) -> None:
    (prefix / "bin/python").symlink_to(sys.executable)
    assert names(taken(prefix / "bin/python")) == ["arrays@1.0", "cpython@3.11.2"]


def test_no_environment_and_no_distribution_are_refused(prefix: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="site-packages"):
        Environment(tmp_path)
    with pytest.raises(InputError, match="accepted: one that is installed"):
        take(Environment(prefix), "nothing")
