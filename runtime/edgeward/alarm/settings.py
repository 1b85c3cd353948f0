"""What is settled about a patient, read out of the scope: the limits in force."""

from dataclasses import replace

from edgeward.alarm.alarm_limits import DEFAULTS, VitalLimits
from edgeward.alarm.change import Scope
from edgeward.signal.findings import Vital


def limits_in_force(scope: Scope, vital: Vital) -> VitalLimits:
    """The patient's own limits of a vital, or those of the category."""
    for name, pairs in scope.limits:
        if name == vital.value:
            return VitalLimits(**dict(pairs))
    return DEFAULTS[scope.category][vital]


def with_limits(scope: Scope, vital: Vital, limits: VitalLimits) -> Scope:
    """The scope with other limits of one vital."""
    others = [each for each in scope.limits if each[0] != vital.value]
    return replace(scope, limits=tuple(sorted([*others, (vital.value, limits.pairs())])))
