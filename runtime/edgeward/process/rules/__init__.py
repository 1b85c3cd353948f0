"""Rules on the samples of one signal, judged on the device, with an action at once."""

from edgeward.process.rules.actions import ActionFault, Actions
from edgeward.process.rules.event import EventKind, RuleEvent
from edgeward.process.rules.parse import parse_rules
from edgeward.process.rules.rule import (
    Band,
    Follows,
    OnInvalid,
    Phase,
    RateOfChange,
    Rule,
    Shape,
    Side,
    Threshold,
)
from edgeward.process.rules.rule_set import RuleSet

__all__ = [
    "ActionFault",
    "Actions",
    "Band",
    "EventKind",
    "Follows",
    "OnInvalid",
    "Phase",
    "RateOfChange",
    "Rule",
    "RuleEvent",
    "RuleSet",
    "Shape",
    "Side",
    "Threshold",
    "parse_rules",
]
