"""A package runs only when all of it is proven; whatever is wrong with it is told, all at once."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import packages
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packages import changed, package, recarded, signed, small_card, small_package, terms, unsigned
from small_network import onnx_model

from edgeward.errors import PackageError
from edgeward.limits import Limits
from edgeward.model.engine import probe_windows
from edgeward.model.package.build import unsigned_package
from edgeward.model.package.dossier import SESSION
from edgeward.model.package.golden import parse_golden
from edgeward.model.package.layout import BOM, CARD, GOLDEN, MODEL, NAMES, NOTICE, SIGNATURE, Files
from edgeward.model.package.verify import Terms, verify


def refused(files: Files, accepted: Terms | None = None) -> tuple[str, ...]:
    with pytest.raises(PackageError) as caught:
        verify(files, accepted or terms())
    return caught.value.faults


def only(faults: tuple[str, ...], *said: str) -> None:
    """There is just this one fault, and it says this."""
    assert len(faults) == 1, faults
    for one in said:
        assert one in faults[0], faults[0]


def test_a_good_package_runs() -> None:
    verified = verify(package(), terms())
    window = probe_windows(1250, 1)[0]
    assert sum(verified.engine.probabilities(window)) == pytest.approx(1, abs=1e-5)
    assert verified.dossier.engine_version
    assert verified.golden_windows == 4
    assert len(verified.digest) == 64


def test_a_device_runs_it_in_the_configuration_that_cards_name() -> None:
    engine: Any = verify(package(), terms()).engine
    options = engine._session.get_session_options()
    found = {name: getattr(options, name) for name in SESSION}
    found["execution_mode"] = found["execution_mode"].name.removeprefix("ORT_").lower()
    found["graph_optimization_level"] = (
        found["graph_optimization_level"].name.removeprefix("ORT_ENABLE_").lower()
    )
    assert found == SESSION


def test_equal_inputs_give_equal_bytes_signature_included() -> None:
    assert signed(unsigned()) == package()


@settings(max_examples=150)
@given(data=st.data())
def test_one_changed_byte_anywhere_is_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    at = data.draw(st.integers(0, len(package()[name]) - 1))
    flip = data.draw(st.integers(1, 255))
    content = bytearray(package()[name])
    content[at] ^= flip
    assert refused({**package(), name: bytes(content)})


@given(data=st.binary(max_size=300), name=st.sampled_from(NAMES))
def test_any_bytes_in_the_place_of_a_file_are_refused(data: bytes, name: str) -> None:
    assert refused({**package(), name: data})


@given(data=st.binary(max_size=300), name=st.sampled_from([CARD, GOLDEN, MODEL]))
def test_any_bytes_that_were_signed_are_refused_without_a_breakdown(data: bytes, name: str) -> None:
    assert refused(changed(name, data))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named(name: str) -> None:
    files = {one: data for one, data in package().items() if one != name}
    only(refused(files), name, "found no such file")


def test_a_file_more_is_named() -> None:
    only(refused({**package(), "run.sh": b""}), '"run.sh"', "not of a package")


def test_faults_of_every_part_are_told_at_once() -> None:
    files = recarded({"evidence": [], "intended_use": "", "labels": ["a", "a"]})
    faults = refused({**files, NOTICE: b" ", SIGNATURE: b"{}"})
    assert [text.partition(":")[0] for text in faults] == [
        "model.sig", "card.json.labels", "card.json.intended_use", "card.json.metrics[1].label",
        "NOTICE",
    ]  # fmt: skip


def test_a_package_larger_than_the_profile_allows() -> None:
    wearable = packages.profile()
    small = replace(wearable, budget=replace(wearable.budget, model_size_mb=0.05))
    said = "at most 0.05 MB (budget.model_size_mb of wearable)"
    evidence = packages.evidence() | {"profile_sha256": small.sha256}
    files = recarded({"evidence": [evidence]})
    only(refused(files, Terms(packages.trusted(), small)), "MB", said)


def test_texts_without_end_are_refused() -> None:
    limits = Limits(package_text_bytes_max=100_000)
    files = changed(NOTICE, b"x" * 100_001)
    said = "at most package_text_bytes_max = 100000"
    only(refused(files, Terms(packages.trusted(), packages.profile(), limits)), "NOTICE", said)


def test_no_evidence_for_this_profile() -> None:
    said = "accepted: evidence for the device profile workstation with profile_sha256 "
    faults = refused(package(), terms("workstation"))
    only(faults, 'found ["wearable"]', said, "`edgeward verify --profile workstation`")


def test_a_profile_that_changed_under_its_name_has_no_evidence() -> None:
    """One promise more or less, and what was measured speaks of another device."""
    then = packages.profile()
    now = replace(then, budget=replace(then.budget, inference_ms=then.budget.inference_ms / 2))
    assert (now.name, now.sha256 == then.sha256) == (then.name, False)
    only(
        refused(package(), Terms(packages.trusted(), now)),
        f"found wearable as it was, with profile_sha256 {then.sha256}; accepted: ",
        f"evidence for the device profile wearable with profile_sha256 {now.sha256}",
        "as `edgeward verify --profile wearable` makes it",
    )
    both = [packages.evidence(), packages.evidence() | {"profile_sha256": now.sha256}]
    for one in (then, now):
        assert verify(recarded({"evidence": both}), Terms(packages.trusted(), one))


def test_evidence_that_names_no_digest_is_read_and_is_none() -> None:
    """As cards had it before digests were asked for: what was promised then, nobody knows."""
    old = {name: text for name, text in packages.evidence().items() if name != "profile_sha256"}
    for evidence in (old, old | {"profile_sha256": None}):
        files = recarded({"evidence": [evidence]})
        assert verify(files, Terms(packages.trusted(), None)).dossier.evidence
        only(refused(files), "found wearable without the digest of that profile; accepted: ")


def test_what_was_checked_at_activation_is_not_asked_for_again() -> None:
    assert verify(package(), Terms(packages.trusted(), None)).digest


ALIKE = {"promise": "float", "tolerance": 1e-5, "max_difference": 1e-6, "windows": 512}


def test_a_promise_on_the_card_binds_the_golden_windows() -> None:
    """They have a tolerance of 1e-5, and let pass what a card that promises bits says never is."""
    kept = verify(recarded({"answers_alike": ALIKE}), terms()).dossier.kept
    assert kept is not None
    assert (kept.promise.name, kept.max_difference, kept.windows) == ("float", 1e-6, 512)
    bits = ALIKE | {"promise": "whole", "tolerance": 0, "max_difference": 0}
    said = "golden.bin.tolerance: found 1e-05; accepted: at most 0: the card promises whole"
    only(refused(recarded({"answers_alike": bits})), said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"promise": "near"}, 'answers_alike.promise: found "near"; accepted: one of whole, float'),
        ({"tolerance": 1e-3}, "answers_alike.tolerance: found 0.001; accepted: 1e-05, which float"),
        ({"max_difference": 2e-5}, "answers_alike.max_difference: found 2e-05; accepted: a number"),
        ({"windows": 0}, "answers_alike.windows: found 0; accepted: a whole number above 0"),
    ],
)
def test_a_promise_that_is_none_is_refused(change: dict[str, Any], said: str) -> None:
    only(refused(recarded({"answers_alike": ALIKE | change})), said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 2}, "card.json.schema: found 2; accepted: 1"),
        ({"metrics": []}, "card.json.metrics: found []; accepted: a list of objects, at least 1"),
        ({"format": "torch"}, 'card.json.format: found "torch"; accepted: onnx'),
        ({"sha256": "0" * 64}, "card.json.sha256"),
        ({"data": [{}]}, "card.json.data[0].patients: found null; accepted: a whole number"),
        ({"limits": []}, "card.json.limits: found []"),
        ({"evidence": [{"profile": "wearable"}]}, "card.json.evidence[0].bundle_sha256"),
        (
            {"evidence": [packages.evidence() | {"profile_sha256": "x"}]},
            'card.json.evidence[0].profile_sha256: found "x"; accepted: a SHA-256',
        ),
        ({"runtime": {}}, "card.json.runtime.session"),
        ({"recipe": "magic"}, 'card.json.recipe: found "magic"'),
    ],
)
def test_a_card_that_says_too_little(change: dict[str, Any], said: str) -> None:
    assert any(said in text for text in refused(recarded(change)))


def test_a_figure_outside_its_interval() -> None:
    (first, second) = packages.card()["metrics"]
    files = recarded({"metrics": [{**first, "low": 0.995}, {**second, "label": "gallop"}]})
    faults = refused(files)
    assert any("a value within its interval" in text for text in faults)
    assert any('metrics[1].label: found "gallop"' in text for text in faults)


def test_labels_that_do_not_fit_the_model() -> None:
    labels = ["asystole", "bradycardia", "sinus"]
    faults = refused(recarded({"labels": labels}))
    only(faults, "golden.bin.labels", "asystole")


def test_a_bill_of_other_materials() -> None:
    bill = json.loads(package()[BOM])
    bill["components"][0]["hashes"][0]["content"] = "0" * 64
    only(refused(changed(BOM, json.dumps(bill).encode())), BOM, "a bill of other materials")


def test_the_bill_says_when_it_was_made_where_that_is_told() -> None:
    said, windows = small_card(), probe_windows(50, 3)
    made = "2026-11-21T12:00:00Z"
    model = onnx_model().SerializeToString()
    files = unsigned_package(model, said, windows, "n", tolerance=1e-5, made=made)
    assert json.loads(files[BOM])["metadata"]["timestamp"] == made
    assert verify(signed(files), terms()).dossier.model.version == "1"


def with_head(**change: Any) -> bytes:
    head, _, body = package()[GOLDEN].partition(b"\n")
    return json.dumps(json.loads(head) | change).encode() + b"\n" + body


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (with_head(tolerance=0.5), "a number from 0 to 0.01"),
        (with_head(tolerance=-1), "a number from 0 to 0.01"),
        (with_head(windows=5), "bytes of numbers"),
        (with_head(windows=10**9), "golden_windows_max = 10000"),
        (with_head()[:-1], "bytes of numbers"),
        (b"{}", "no line of JSON"),
    ],
)
def test_golden_windows_that_are_none(data: bytes, said: str) -> None:
    assert any(said in text for text in refused(changed(GOLDEN, data)))


@pytest.mark.parametrize("tolerance", [0.0, 1e-5])
def test_an_answer_that_this_device_does_not_reproduce(tolerance: float) -> None:
    head, _, body = with_head(tolerance=tolerance).partition(b"\n")
    numbers = np.frombuffer(body, "<f4").copy()
    numbers[-1] += 1e-4
    faults = refused(changed(GOLDEN, head + b"\n" + numbers.tobytes()))
    assert len(faults) == 2
    assert "1 of 4 golden windows answered otherwise, one by one, first window 3" in faults[0]
    assert "several at once" in faults[1]


def test_exact_answers_are_exact_to_the_last_bit() -> None:
    files = dict(unsigned(tolerance=0.0, windows=1))
    assert verify(signed(files), terms())
    data = bytearray(files[GOLDEN])
    data[-4] ^= 1
    only(refused(changed(GOLDEN, bytes(data)))[:1], "the same bits")


def graph_with(change: Callable[[Any], None]) -> bytes:
    proto = onnx_model()
    change(proto)
    data: bytes = proto.SerializeToString()
    return data


def foreign(proto: Any) -> None:
    proto.graph.node[0].domain = "com.microsoft"


def nested(proto: Any) -> None:
    inner = proto.graph.node[1].attribute.add(name="then_branch", type=5)
    inner.g.node.add(op_type="Gemm", domain="org.example")


def external(proto: Any) -> None:
    proto.graph.initializer[0].data_location = 1
    proto.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")


def half_external(proto: Any) -> None:
    proto.graph.initializer[1].external_data.add(key="location", value="weights.bin")


def sparse_external(proto: Any) -> None:
    sparse = proto.graph.sparse_initializer.add()
    sparse.values.name = "thin"
    sparse.values.data_location = 1


def old(proto: Any) -> None:
    proto.opset_import[0].version = 9


def functions(proto: Any) -> None:
    proto.functions.add(name="mine")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (foreign, "the operator com.microsoft."),
        (nested, "the operator org.example.Gemm"),
        (external, "external data of the tensor first"),
        (half_external, "external data of the tensor first_bias"),
        (sparse_external, "external data of the tensor thin"),
        (old, "found opset 9; accepted: opset 13 to 21"),
        (functions, "1 functions of its own"),
    ],
)
def test_a_graph_that_may_not_be_run(change: Callable[[Any], None], said: str) -> None:
    faults = refused(small_package(graph_with(change)))
    assert any(said in text for text in faults)
    assert all(text.startswith(MODEL) for text in faults)


def not_a_number(proto: Any) -> None:
    weights = np.frombuffer(proto.graph.initializer[3].raw_data, "<f4").copy()
    weights[0] = np.nan
    proto.graph.initializer[3].raw_data = weights.tobytes()


def test_a_model_that_answers_no_numbers() -> None:
    faults = refused(small_package(graph_with(not_a_number)))
    assert any("probabilities from 0 to 1" in text and "golden" in text for text in faults)
    assert any("probe window" in text for text in faults)


def test_a_model_with_other_outputs_than_labels() -> None:
    head, _, body = package()[GOLDEN].partition(b"\n")
    labels = [*json.loads(head)["labels"], "gallop"]
    more = body + bytes(4 * json.loads(head)["windows"])
    golden = json.dumps(json.loads(head) | {"labels": labels}).encode() + b"\n" + more
    said = json.loads(package()[CARD]) | {"labels": labels}
    faults = refused(signed({**package(), CARD: json.dumps(said).encode(), GOLDEN: golden}))
    only(faults, "answers 6 values for 7 labels")


def test_nothing_is_packed_that_would_be_refused() -> None:
    model, said = graph_with(foreign), {**small_card(), "intended_use": ""}
    with pytest.raises(PackageError, match=r"com\.microsoft"):
        unsigned_package(model, small_card(), probe_windows(50, 3), "n")
    model = onnx_model().SerializeToString()
    with pytest.raises(PackageError, match="intended_use"):
        unsigned_package(model, said, probe_windows(50, 3), "n")


def test_golden_windows_are_read_as_they_were_written() -> None:
    golden, faults = parse_golden(package()[GOLDEN], Limits())
    assert golden is not None
    assert not faults
    assert (golden.windows == probe_windows(1250, 4)).all()
