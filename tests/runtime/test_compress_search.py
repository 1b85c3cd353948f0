"""The search measures what it ships, takes nothing that loses a label, and goes on where it was."""

from typing import Any

import numpy as np
import pytest
from small_torch import RATE_HZ, network, parts

torch = pytest.importorskip("torch", reason="the extra `compress` is missing")
pytest.importorskip("torch_pruning", reason="the extra `compress` is missing")
pytest.importorskip("onnxscript", reason="the extra `compress` is missing")

from edgeward.adapters.clock import SystemClock  # noqa: E402
from edgeward.adapters.store import MemoryStore  # noqa: E402
from edgeward.errors import ModelError  # noqa: E402
from edgeward.model.compress.architectures import Family, explore  # noqa: E402
from edgeward.model.compress.compression import Search, beats, compress  # noqa: E402
from edgeward.model.compress.examples import Parts  # noqa: E402
from edgeward.model.compress.export import answers, exported  # noqa: E402
from edgeward.model.compress.front import Front, passed  # noqa: E402
from edgeward.model.compress.graphs import read, run, write  # noqa: E402
from edgeward.model.compress.learning import Teaching, of_labels, taught  # noqa: E402
from edgeward.model.compress.measuring import Allowed, measured  # noqa: E402
from edgeward.model.compress.recipe import (  # noqa: E402
    Aware,
    Narrow,
    Recipe,
    digest_of_network,
    usual,
)
from edgeward.model.compress.risks import lint  # noqa: E402

pytestmark = pytest.mark.slow
LOOSE = Allowed(size_bytes=1_000_000, inference_ns=10**9, floor=0.5, margin=0.3)
SHORT = Teaching(epochs=4, batch=32, rate=1e-2)
LONG = Teaching(epochs=20, batch=32, rate=1e-2)
TWO = (Recipe("as given"), Recipe("narrow", (Narrow(0.5, SHORT),)))


@pytest.fixture(scope="module")
def given() -> Any:
    dealt = parts()
    return taught(network(), dealt.training, dealt.choosing, of_labels(dealt.training), LONG)


@pytest.fixture(scope="module")
def kept() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="module")
def search(given: Any, kept: MemoryStore) -> Search:
    recipes = (*TWO, Recipe("aware", (Aware(Teaching(1, 2e-4)),)))
    return compress(given, parts(), recipes, LOOSE, kept, SystemClock())


def test_an_export_answers_as_its_network_and_leaves_it_alone(given: Any) -> None:
    before, windows = digest_of_network(given), parts().judging.windows
    given.train()
    graph = exported(given, windows[:32])
    assert given.training, "the mode of the network was changed"
    given.eval()
    np.testing.assert_allclose(run(write(graph), windows), answers(given, windows), atol=1e-4)
    assert digest_of_network(given) == before


def test_an_export_that_answers_otherwise_is_refused(
    given: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgeward.model.compress import export

    wrong = exported(network(seed=9), parts().judging.windows[:8])
    monkeypatch.setattr(export, "_export", lambda *_: wrong)
    with pytest.raises(ModelError, match="the export answers otherwise: found a probability"):
        exported(given, parts().judging.windows[:32])


def test_what_is_measured_is_what_would_be_shipped(search: Search) -> None:
    assert [one.name for one in search.results] == [
        "as given, float", "as given, int8", "narrow, float", "narrow, int8",
        "aware, float", "aware, int8",
    ]  # fmt: skip
    for one in search.results:
        assert one.measured.size_bytes == len(one.model)
        assert (one.measured.operators.in_float == 0) is one.whole
        assert not (one.whole and lint(read(one.model)))
        assert one.to_dict()["int8"] is one.whole
    by_name = {one.name: one.measured for one in search.results}
    assert by_name["as given, float"].retained.accuracy.low == 0
    assert by_name["as given, int8"].size_bytes < 0.75 * by_name["as given, float"].size_bytes
    assert by_name["narrow, int8"].size_bytes < by_name["as given, int8"].size_bytes


def test_the_smallest_that_keeps_everything_is_taken(search: Search) -> None:
    good = [one for one in search.results if not one.misses]
    assert search.taken is not None
    assert search.taken.measured.size_bytes == min(one.measured.size_bytes for one in good)
    assert search.front
    assert not any(beats(one, other) for one in search.front for other in search.front)


def test_a_run_that_was_broken_off_goes_on_where_it_was(
    given: Any, kept: MemoryStore, search: Search
) -> None:
    told: list[str] = []
    again = compress(given, parts(), TWO, LOOSE, kept, SystemClock(), progress=told.append)
    assert "taught before, taken from there" in told
    assert not any(line.startswith("epoch") for line in told)
    assert [one.model for one in again.results] == [one.model for one in search.results[:4]]
    told.clear()
    other = (Recipe("narrow", (Narrow(0.5, Teaching(1)),)),)
    compress(given, parts(), other, LOOSE, kept, SystemClock(), progress=told.append)
    assert any(line.startswith("epoch") for line in told), "other numbers, and nothing was taught"


def test_a_label_that_is_lost_is_a_miss_behind_a_mean_that_would_do(given: Any) -> None:
    twin = network()
    twin.load_state_dict(given.state_dict())
    with torch.no_grad():
        twin[-1].bias[0] -= 1e4  # one label in four is never first
    windows = parts().judging.windows
    models = {name: write(exported(one, windows[:8])) for name, one in (("a", given), ("b", twin))}
    found = measured(models, models["a"], parts().judging, SystemClock(), 1)
    allowed = Allowed(1_000_000, 10**9, floor=0.3, margin=0.5)
    assert found["a"].misses(allowed) == []
    (miss,) = found["b"].misses(allowed)
    assert miss.startswith("up to 1.0000 of the sensitivity for")


def test_every_miss_says_what_was_found_and_what_is_accepted(search: Search) -> None:
    tight = Allowed(size_bytes=10, inference_ns=1, floor=0.9999, margin=0.0001)
    misses = search.results[3].measured.misses(tight)
    assert len(misses) >= 3
    assert all("accepted: " in one for one in misses)


def test_a_front_goes_into_the_graph_and_the_network_learns_behind_it() -> None:
    front = Front(RATE_HZ, (0.5, 20.0), taps=51)
    dealt = parts()
    seen = Parts(*(_through(front, one) for one in (dealt.training, dealt.choosing, dealt.judging)))
    behind = taught(network(), seen.training, seen.choosing, of_labels(seen.training), Teaching(4))
    found = compress(
        behind, dealt, (Recipe("as given"),), LOOSE, MemoryStore(), SystemClock(), front=front
    )
    model = found.results[0].model
    expected = answers(behind, passed(front, dealt.judging.windows))
    np.testing.assert_allclose(run(model, dealt.judging.windows), expected, atol=1e-4)
    assert found.results[1].measured.operators.in_float == 1  # the filter
    assert found.results[1].measured.operators.whole >= 4


def _through(front: Front, examples: Any) -> Any:
    from dataclasses import replace

    return replace(examples, windows=passed(front, examples.windows))


def test_the_usual_recipes_begin_with_what_changes_nothing() -> None:
    recipes = usual(SHORT)
    assert recipes[0].steps == ()
    assert len({one.name for one in recipes}) == len(recipes)
    assert recipes[-1].to_list()[0]["step"] == "narrow"


def test_an_architecture_search_gives_a_front_under_the_budget() -> None:
    dealt = parts()

    def make(width: int) -> Any:
        return network(width)

    family = Family(make, {"width": (4, 8, 32)})
    allowed = Allowed(size_bytes=20_000, inference_ns=10**9, floor=0.5, margin=0.1)
    found = explore(family, dealt, of_labels(dealt.training), Teaching(6), allowed, SystemClock())
    widths = [one.settings["width"] for one in found]
    assert widths
    assert 32 not in widths, "too large, and yet taken"
    assert [one.size_bytes for one in found] == sorted(one.size_bytes for one in found)
    smallest = Family(make, {"width": (4,)})
    with pytest.raises(ModelError, match="accepted: up to 100"):
        explore(smallest, dealt, of_labels(dealt.training), SHORT,
                Allowed(100, 10**9, 0.5, 0.1), SystemClock())  # fmt: skip


def test_a_family_is_drawn_alike_for_one_seed_and_never_beyond_what_there_is() -> None:
    family = Family(network, {"width": range(1, 9), "seed": range(5)})
    assert family.members(7, 3) == family.members(7, 3)
    assert len(family.members(7, 3)) == 7
    assert len(family.members(1000, 3)) == 40
