"""The bill: valid, the same each time, and telling what is there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from bill_lab import (
    CSV,
    CYCLONEDX,
    NESTED,
    OPENVEX,
    joined,
    modelled,
    notices,
    written,
)
from environment_lab import install, site_of

from edgeward.canonical import sha256_hex
from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.inventory.bill import bill, bill_bytes
from edgeward_harness.inventory.joined import join
from edgeward_harness.inventory.lists import load_anomalies
from edgeward_harness.inventory.model import Kind, Trouble
from edgeward_harness.inventory.notices import Notices
from edgeward_harness.inventory.reading import read_bill
from edgeward_harness.inventory.shipped import shipped
from edgeward_harness.inventory.sites import Environment
from edgeward_harness.inventory.soup import SoupList
from edgeward_harness.inventory.spdx import spdx_bytes
from edgeward_harness.inventory.take import take
from edgeward_harness.inventory.validity import check_schema
from edgeward_harness.inventory.words import Word


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A device's environment with a model, in order."""
    return modelled(tmp_path / "device")


@pytest.mark.slow  # the schema's library takes its time to come
def test_a_bill_with_everything_in_it_is_valid(prefix: Path, tmp_path: Path) -> None:
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, sbom=json.dumps(NESTED))
    told = notices(written(tmp_path, "a.json", OPENVEX), written(tmp_path, "b.json", CYCLONEDX))
    listed = load_anomalies(written(tmp_path, "list.csv", CSV))
    check_schema(bill_bytes(joined(prefix, notices=replace(told, anomalies=listed))))
    with pytest.raises(HarnessError, match="not valid CycloneDX"):
        check_schema(b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "unknown": 1}')


def test_a_bill_reads_back(prefix: Path) -> None:
    data = bill_bytes(joined(prefix))
    found = read_bill(data, "bill")
    assert found.root.title == "edgeward 1.0"
    assert [(one.kind, one.name) for one in found.parts] == [
        (Kind.SOFTWARE, "arrays"),
        (Kind.PLATFORM, "cpython"),
        (Kind.DATA, "set"),
        (Kind.MODEL, "rhythm"),
    ]  # fmt: skip
    assert found.parts[0].says(Word.END_OF_SUPPORT) == "2027-06-30"
    assert found.parts[2].description == "train, 3 patients; choose, 3 patients"
    assert found.depends["edgeward@1.0"] == ("arrays@1.0", "cpython@3.11.2", "model:rhythm@3")
    assert found.day == "2026-06-01"


def test_the_same_is_told_as_spdx(prefix: Path) -> None:
    install(prefix, "arrays", {"arrays/__init__.py": "z\n"}, sbom=json.dumps(NESTED))
    told = json.loads(spdx_bytes(joined(prefix)))
    assert told["spdxVersion"] == "SPDX-2.3"
    assert told["documentNamespace"] == bill(joined(prefix))["serialNumber"]
    packages = {one["name"]: one for one in told["packages"]}
    assert packages["arrays"]["licenseConcluded"] == "BSD-3-Clause"
    assert packages["arrays"]["licenseDeclared"] == "NOASSERTION"
    assert packages["rhythm"]["checksums"][0]["checksumValue"] == sha256_hex(b"weights")
    ids = {one["SPDXID"]: one["name"] for one in told["packages"]} | {told["SPDXID"]: "document"}
    related = {
        (ids[one["spdxElementId"]], one["relationshipType"], ids[one["relatedSpdxElement"]])
        for one in told["relationships"]
    }
    assert related == {
        ("document", "DESCRIBES", "edgeward"),
        ("edgeward", "DEPENDS_ON", "arrays"),
        ("edgeward", "DEPENDS_ON", "cpython"),
        ("edgeward", "DEPENDS_ON", "rhythm"),
        ("rhythm", "DEPENDS_ON", "set"),
        ("arrays", "CONTAINS", "blas"),
    }
    with pytest.raises(InputError, match="SPDX wants a moment"):
        spdx_bytes(replace(joined(prefix), as_of=None))


def test_a_card_is_told_in_the_words_of_the_format(prefix: Path) -> None:
    (model,) = (one for one in bill(joined(prefix))["components"] if "modelCard" in one)
    card = model["modelCard"]
    assert card["modelParameters"]["datasets"] == [{"ref": f"data:{'d' * 64}"}]
    assert card["considerations"]["technicalLimitations"] == ["Not for people."]
    (figure,) = card["quantitativeAnalysis"]["performanceMetrics"]
    assert figure["confidenceInterval"] == {"lowerBound": "0.8", "upperBound": "1.0"}


def test_the_same_environment_gives_the_same_bytes(prefix: Path, tmp_path: Path) -> None:
    first = bill_bytes(joined(prefix))
    assert bill_bytes(joined(prefix)) == first
    moved = prefix.rename(tmp_path / "elsewhere")
    assert bill_bytes(joined(moved)) == first
    (site_of(moved) / "arrays/__init__.py").write_text("other")
    assert bill_bytes(joined(moved)) != first


def test_without_a_day_there_is_no_time_stamp(prefix: Path) -> None:
    inventory = take(Environment(prefix), "edgeward")
    document = bill(join(inventory, SoupList(), Notices()))
    assert "timestamp" not in document["metadata"]
    assert document["serialNumber"][9:][14] == "5"


def test_a_model_that_is_not_the_one_of_its_card_is_found(prefix: Path) -> None:
    (site_of(prefix) / "edgeward/rhythm.onnx").write_text("other weights")
    found = take(Environment(prefix), "edgeward")
    assert ("rhythm 3", Trouble.CHANGED) in [(one.component, one.trouble) for one in found.findings]
    (model,) = (one for one in found.components if one.kind is Kind.MODEL)
    assert model.sha256 == sha256_hex(b"other weights")


def test_what_a_bill_hides_in_a_component_is_seen() -> None:
    inner = {"type": "library", "name": "Arrays", "version": "2"}
    outer = {"type": "library", "name": "arrays", "version": "1", "components": [inner]}
    value = {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "edgeward"}},
        "components": [outer],
    }
    assert shipped(read_bill(json.dumps(value).encode(), "bill")).twice == ("arrays",)


@pytest.mark.parametrize("text", ["no", "[]", '{"bomFormat": "CycloneDX"}'])
def test_what_is_no_bill_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"bill\.json"):
        read_bill(text.encode(), "bill.json")
