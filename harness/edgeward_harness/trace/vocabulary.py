"""The closed vocabularies of the trace; a word outside them is refused.

Ids say what they name and which topic they belong to: `REQ-LAT-002` is a requirement and
`TC-LAT-002` a test case of the topic LAT, `RC-LAT-001` a risk control; hazards (`HAZ-001`) and
deviations (`DEV-001`) belong to no topic.
"""

from enum import StrEnum

TOPIC = "[A-Z][A-Z0-9]{1,7}"
"""The middle of an id: the topic that its suite declares."""
NUMBER = "[0-9]{3,6}"


class Kind(StrEnum):
    """What a requirement is about; the kinds of content that IEC 62304, 5.2.2 asks to consider."""

    FUNCTIONAL = "functional"
    PERFORMANCE = "performance"
    INTERFACE = "interface"
    ALARM = "alarm"
    SECURITY = "security"
    USABILITY = "usability"
    DATA = "data"
    INSTALLATION = "installation"
    OPERATION = "operation"
    NETWORK = "network"
    MAINTENANCE = "maintenance"
    REGULATORY = "regulatory"


class Severity(StrEnum):
    """How bad the harm of a hazard is, before any control; the least first."""

    NEGLIGIBLE = "negligible"  # inconvenience
    MINOR = "minor"  # passes without treatment
    SERIOUS = "serious"  # needs treatment
    CRITICAL = "critical"  # lasting impairment, or threatens life
    CATASTROPHIC = "catastrophic"  # death


class ControlType(StrEnum):
    """How a risk control works, the preferred way first (ISO 14971, 7.1)."""

    DESIGN = "design"  # the hazardous situation cannot arise
    PROTECTIVE = "protective"  # it is detected and answered
    INFORMATION = "information"  # people are told


class Method(StrEnum):
    """How a case comes to its verdict."""

    MEASUREMENT = "measurement"  # a quantity, judged with its confidence bound
    FUNCTIONAL_TEST = "functional_test"  # a stimulus and the answer that is due
    FAULT_INJECTION = "fault_injection"  # the harm is provoked, the control must hold
    ANALYSIS = "analysis"
    INSPECTION = "inspection"
    DEMONSTRATION = "demonstration"


class Stage(StrEnum):
    """By which milestone an item must be closed; the earliest first."""

    PROTOTYPE = "prototype"  # the path works at all
    FEATURE_COMPLETE = "feature_complete"  # every function and every risk control is there
    RELEASE = "release"  # nothing is left open


class Depth(StrEnum):
    """How many observations a case takes; the fewest first."""

    QUICK = "quick"
    STANDARD = "standard"
    CAMPAIGN = "campaign"


class Capability(StrEnum):
    """What a device may offer: the capabilities of docs/protocol.md, reserved ones included."""

    CORE = "core"
    INFER = "infer"
    STREAM = "stream"
    RESOURCES = "resources"
    CLOCK = "clock"
    RESTART = "restart"
    ALARM = "alarm"
    DELEGATION = "delegation"
    INDICATORS = "indicators"
    OUTBOX = "outbox"
    CARRIED = "carried"
    ATTESTATION = "attestation"


class Thing(StrEnum):
    """What an id names, by its first letters; the order is from danger to proof."""

    HAZARD = "HAZ"
    CONTROL = "RC"
    REQUIREMENT = "REQ"
    CASE = "TC"
    DEVIATION = "DEV"

    @property
    def pattern(self) -> str:
        """The regular expression of such an id."""
        topic = f"{TOPIC}-" if self in (Thing.CONTROL, Thing.REQUIREMENT, Thing.CASE) else ""
        return f"{self.value}-{topic}{NUMBER}"

    @property
    def example(self) -> str:
        """An id of this thing."""
        topic = "-LAT" if self in (Thing.CONTROL, Thing.REQUIREMENT, Thing.CASE) else ""
        return f"{self.value}{topic}-001"


def topic_of(item_id: str) -> str:
    """The topic in the middle of an id; empty for hazards and deviations."""
    parts = item_id.split("-")
    return parts[1] if len(parts) == 3 else ""
