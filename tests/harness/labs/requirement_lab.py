"""Requirements of every shape, for what writes them and reads them again."""

from hypothesis import strategies as st

from edgeward.profile.vocabulary import SafetyClass
from edgeward_harness.trace.model import Requirement
from edgeward_harness.trace.vocabulary import Kind, Stage

AWKWARD = st.sampled_from(
    [*list("\"',;|\\<>&#`*~-=+@\n\t äß心é\u0301🫀\u2028\xa0"), "<br>", "\\|", '""']
)
CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc"),
    exclude_characters="".join(
        map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFFFE, 0xFFFF])
    ),
)
"""Without what hides or turns text, and without the two signs that XML cannot say."""
PIECES = st.lists(st.one_of(AWKWARD, CHARACTERS, st.just("word")), min_size=1, max_size=12)
PROSE = PIECES.map(lambda pieces: "".join(pieces).strip()).filter(bool)
LINE = PROSE.map(lambda text: " ".join(text.replace("\t", " ").split("\n")).strip()).filter(bool)
NUMBERS = st.integers(1, 999).map(lambda number: f"{number:03d}")
RISKS = st.one_of(NUMBERS.map(lambda n: f"HAZ-{n}"), NUMBERS.map(lambda n: f"RC-LAT-{n}"))
NAMES = st.sampled_from(["wearable", "gateway", "bedside_monitor"])

REQUIREMENTS = st.lists(
    st.builds(
        Requirement,
        id=NUMBERS.map(lambda n: f"REQ-LAT-{n}"),
        title=LINE,
        text=PROSE,
        rationale=PROSE,
        kind=st.sampled_from(Kind),
        safety_class=st.sampled_from(SafetyClass),
        criterion=PROSE,
        risks=st.lists(RISKS, unique=True, max_size=3).map(tuple),
        stage=st.sampled_from(Stage),
        profiles=st.lists(NAMES, unique=True, max_size=3).map(tuple),
        custom=st.dictionaries(st.sampled_from(["effort", "team"]), PROSE, max_size=2),
    ),
    unique_by=lambda one: one.id,
    min_size=1,
    max_size=4,
)
