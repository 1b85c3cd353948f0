"""The closed vocabularies of a submission; a word outside them is refused."""

from enum import StrEnum


class Level(StrEnum):
    """How much documentation the FDA's guidance of 2023 asks for."""

    BASIC = "basic"
    ENHANCED = "enhanced"


class Effect(StrEnum):
    """What somebody who is entitled to judged an anomaly to do, to safety or to security."""

    NONE = "none"
    ACCEPTABLE = "acceptable"
    UNACCEPTABLE = "unacceptable"
    UNDECIDED = "undecided"


class Disposition(StrEnum):
    """What is done about an anomaly."""

    FIXED = "fixed"
    DEFERRED = "deferred"
    ACCEPTED = "accepted"
    OPEN = "open"


class Exploitability(StrEnum):
    """How easily a threat is carried out; FDA asks for this and not for a probability."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Probability(StrEnum):
    """How often a harm is to be expected, the least first; what each means, people write."""

    IMPROBABLE = "improbable"
    REMOTE = "remote"
    OCCASIONAL = "occasional"
    PROBABLE = "probable"
    FREQUENT = "frequent"


class Verdict(StrEnum):
    """Whether a risk may remain."""

    ACCEPTABLE = "acceptable"
    UNACCEPTABLE = "unacceptable"


class Work(StrEnum):
    """What a document reports that these suites do not do."""

    UNIT_TESTS = "unit_tests"
    STATIC_ANALYSIS = "static_analysis"
    COMPOSITION_ANALYSIS = "composition_analysis"
    PORT_SCAN = "port_scan"
    FUZZING = "fuzzing"
    PENETRATION_TEST = "penetration_test"


class Paper(StrEnum):
    """Where a port has to be named."""

    ARCHITECTURE = "architecture"
    THREAT_MODEL = "threat_model"
    LABELLING = "labelling"
    SCAN = "scan"  # it was seen open from outside
