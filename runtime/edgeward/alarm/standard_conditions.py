"""The alarm conditions of this product, each with its risk; names others refer to them by.

Whoever builds a product of their own replaces or extends `standard_conditions()`: the priorities
are a result of their risk management.

What covers what (`_COVERS`): a condition covers those that it brings about by itself and that call
for nothing else. A tachycardia with a pulse and one without are two things, so it covers no pulse;
nor does a standstill cover a fibrillation, or either of them a breath that stopped. Noise covers
the disturbance that it was before. No channel that cannot be read is covered by what might be seen
in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType

from edgeward.alarm.alarm_limits import Side
from edgeward.alarm.definition import SECOND_NS, ConditionDefinition
from edgeward.alarm.risk import Harm, Onset
from edgeward.alarm.vocabulary import Kind, Latching, Level
from edgeward.errors import AlarmError
from edgeward.signal.channel import Signal
from edgeward.signal.findings import Reason, Sign, Vital

ALARM_SYSTEM_FAULT = "alarm_system_fault"
SEVERE_DESATURATION = "severe_desaturation"
LINK_LOST = "link_lost"
MODEL_FINDING = "model_finding"

UNANSWERED_NS = 120 * SECOND_NS
"""A signal that cannot be judged for so long, with nobody answering, becomes more urgent."""

_LETHAL_SIGNS = {
    Sign.ASYSTOLE: "no heartbeat",
    Sign.VENTRICULAR_FIBRILLATION: "ventricular fibrillation",
    Sign.VENTRICULAR_TACHYCARDIA: "ventricular tachycardia",
    Sign.EXTREME_TACHYCARDIA: "heart extremely fast",
    Sign.EXTREME_BRADYCARDIA: "heart extremely slow",
    Sign.APNEA: "no breath",
    Sign.NO_PULSE: "no pulse",
}
_BLINDING = (Reason.MISSING, Reason.FLAT, Reason.LEAD_OFF)
"""Nothing at all is seen of the patient in that channel."""
_VITAL_SIGNALS = (Signal.ECG, Signal.PPG, Signal.SPO2, Signal.RESPIRATION)
"""Those in which a threat to life would be seen."""


def sign_condition(sign: Sign) -> str:
    """The condition that a sign is told as."""
    return sign.value


@cache
def limit_condition(vital: Vital, side: Side, level: Level) -> str:
    """The condition that a value beyond a limit is told as.

    Both levels are one condition that escalates; a critically low saturation is its own, because it
    cannot be switched off.
    """
    if vital is Vital.SPO2 and side is Side.LOW and level is Level.CRITICAL:
        return SEVERE_DESATURATION
    return f"{vital.value}_{side.value}"


def defect_condition(signal: Signal, defect: Reason) -> str:
    """The condition that a defect of a channel is told as."""
    return f"{signal.value}_{defect.value}"


_LOW_PRESSURE = tuple(
    limit_condition(vital, Side.LOW, Level.WARNING)
    for vital in (Vital.PRESSURE_SYSTOLIC, Vital.PRESSURE_MEAN, Vital.PRESSURE_DIASTOLIC)
)
_HIGH_PRESSURE = tuple(name.replace(Side.LOW, Side.HIGH) for name in _LOW_PRESSURE)
_NO_PULSE = ("pulse_rate_low", defect_condition(Signal.PPG, Reason.WEAK))
_SLOW_HEART = (Sign.PAUSE, "heart_rate_low", "pulse_rate_low")
_FAST_HEART = ("heart_rate_high", "pulse_rate_high")
_NO_STROKE = (
    Sign.NO_PULSE, *_NO_PULSE, Sign.EXTREME_BRADYCARDIA, *_SLOW_HEART, *_FAST_HEART,
    *_LOW_PRESSURE,
)  # fmt: skip
"""With a rate that was high before, and of which nothing is seen any more."""
_COVERS: Mapping[str, tuple[str, ...]] = {
    Sign.ASYSTOLE: _NO_STROKE,
    Sign.VENTRICULAR_FIBRILLATION: (
        *_NO_STROKE, Sign.VENTRICULAR_TACHYCARDIA, Sign.EXTREME_TACHYCARDIA,
    ),
    Sign.VENTRICULAR_TACHYCARDIA: (Sign.EXTREME_TACHYCARDIA, *_FAST_HEART),
    Sign.EXTREME_TACHYCARDIA: _FAST_HEART,
    Sign.EXTREME_BRADYCARDIA: _SLOW_HEART,
    Sign.NO_PULSE: _NO_PULSE,
    Sign.APNEA: ("respiration_rate_low",),
    SEVERE_DESATURATION: ("spo2_low",),
    "heart_rate_low": ("pulse_rate_low",),
    "heart_rate_high": ("pulse_rate_high",),
    "pressure_systolic_low": _LOW_PRESSURE[1:],
    "pressure_mean_low": _LOW_PRESSURE[2:],
    "pressure_systolic_high": _HIGH_PRESSURE[1:],
    "pressure_mean_high": _HIGH_PRESSURE[2:],
}  # fmt: skip


def _covers(condition: str) -> tuple[str, ...]:
    return tuple(str(each) for each in dict.fromkeys(_COVERS.get(condition, ())))


def _signs() -> Iterator[ConditionDefinition]:
    for sign, text in _LETHAL_SIGNS.items():
        yield _lethal(sign_condition(sign), text)
    yield _lethal(SEVERE_DESATURATION, "oxygen saturation critically low")
    yield ConditionDefinition(
        sign_condition(Sign.PAUSE),
        Kind.PHYSIOLOGICAL,
        Harm.REVERSIBLE,
        Onset.PROMPT,
        latching=Latching.BY_PRIORITY,
        text="heart pauses",
    )
    yield ConditionDefinition(
        sign_condition(Sign.FALL),
        Kind.PHYSIOLOGICAL,
        Harm.REVERSIBLE,
        Onset.IMMEDIATE,
        latching=Latching.FULL,
        text="patient fell",
    )
    yield ConditionDefinition(
        MODEL_FINDING,
        Kind.PHYSIOLOGICAL,
        Harm.REVERSIBLE,
        Onset.PROMPT,
        latching=Latching.BY_PRIORITY,
        text="a model found something",
    )


def _lethal(name: str, text: str) -> ConditionDefinition:
    return ConditionDefinition(
        name,
        Kind.PHYSIOLOGICAL,
        Harm.DEATH_OR_IRREVERSIBLE,
        Onset.IMMEDIATE,
        life_threatening=True,
        may_switch_off=False,
        latching=Latching.FULL,
        text=text,
        covers=_covers(name),
    )


_IMMEDIATELY = (Vital.HEART_RATE, Vital.PULSE_RATE)
"""The limits of a heart rate are never delayed; its averaging is delay enough."""
_SLOW = (Vital.TEMPERATURE,)


def _limits() -> Iterator[ConditionDefinition]:
    for vital in Vital:
        for side in Side:
            yield ConditionDefinition(
                limit_condition(vital, side, Level.WARNING),
                Kind.PHYSIOLOGICAL,
                Harm.REVERSIBLE,
                Onset.DELAYED if vital in _SLOW else Onset.PROMPT,
                critical_onset=Onset.PROMPT if vital in _SLOW else Onset.IMMEDIATE,
                condition_delay_ns=0 if vital in _IMMEDIATELY else SECOND_NS,
                latching=Latching.BY_PRIORITY,
                text=f"{vital.value.replace('_', ' ')} {side.value}",
                covers=_covers(limit_condition(vital, side, Level.WARNING)),
            )


def _defects() -> Iterator[ConditionDefinition]:
    for signal in Signal:
        vital = signal in _VITAL_SIGNALS
        disturbed = defect_condition(signal, Reason.DISTURBED)
        for defect in Reason:
            if defect is Reason.LEARNING:
                continue  # a state that is shown, no fault
            yield ConditionDefinition(
                defect_condition(signal, defect),
                Kind.TECHNICAL,
                Harm.DEATH_OR_IRREVERSIBLE if vital else Harm.REVERSIBLE,
                Onset.DELAYED,
                condition_delay_ns=SECOND_NS,
                escalates_after_ns=UNANSWERED_NS if vital and defect in _BLINDING else None,
                text=f"{signal.value.upper()}: {defect.value.replace('_', ' ')}",
                covers=(disturbed,) if defect is Reason.NOISE else (),
            )


_DEVICE = (
    (LINK_LOST, Harm.DEATH_OR_IRREVERSIBLE, Onset.DELAYED, None, "link lost: alarms stay here"),
    ("delegation_unanswered", Harm.DEATH_OR_IRREVERSIBLE, Onset.PROMPT, None, "nobody confirmed"),
    ("battery_low", Harm.REVERSIBLE, Onset.PROMPT, Onset.IMMEDIATE, "battery low"),
    ("device_silent", Harm.DEATH_OR_IRREVERSIBLE, Onset.DELAYED, None, "a device is silent"),
    ("not_real_time", Harm.REVERSIBLE, Onset.DELAYED, None, "no real-time scheduling"),
    ("model_fault", Harm.REVERSIBLE, Onset.PROMPT, None, "the model fails"),
    ("path_fault", Harm.DEATH_OR_IRREVERSIBLE, Onset.DELAYED, None, "processing fails"),
    ("telling_fault", Harm.REVERSIBLE, Onset.PROMPT, None, "results are not told"),
    ("late", Harm.REVERSIBLE, Onset.PROMPT, None, "results are late"),
    ("overload", Harm.REVERSIBLE, Onset.PROMPT, None, "more comes than can be judged"),
    ("shed", Harm.MINOR, Onset.DELAYED, None, "streams without alarms are left out"),
    ("degraded", Harm.MINOR, Onset.DELAYED, None, "the device does less than it could"),
    ("stalled", Harm.DEATH_OR_IRREVERSIBLE, Onset.PROMPT, None, "processing stands still"),
    ("refused", Harm.REVERSIBLE, Onset.PROMPT, None, "samples are refused"),
    ("silent", Harm.DEATH_OR_IRREVERSIBLE, Onset.DELAYED, None, "no samples come"),
    ("log_lost", Harm.REVERSIBLE, Onset.DELAYED, None, "the disk does not take the log"),
    ("records_lost", Harm.REVERSIBLE, Onset.DELAYED, None, "records are not kept"),
    ("journal_lost", Harm.REVERSIBLE, Onset.PROMPT, None, "alarms are not recorded"),
    ("background_fault", Harm.MINOR, Onset.DELAYED, None, "work in the background fails"),
    ("rule_fault", Harm.REVERSIBLE, Onset.PROMPT, None, "a rule fails"),
    ("resource", Harm.REVERSIBLE, Onset.DELAYED, None, "the device is short of something"),
)


def _device() -> Iterator[ConditionDefinition]:
    for name, harm, onset, critical, text in _DEVICE:
        yield ConditionDefinition(
            name, Kind.TECHNICAL, harm, onset, critical_onset=critical, text=text
        )
    yield ConditionDefinition(
        ALARM_SYSTEM_FAULT,
        Kind.TECHNICAL,
        Harm.DEATH_OR_IRREVERSIBLE,
        Onset.IMMEDIATE,
        life_threatening=True,
        may_switch_off=False,
        text="the alarm system itself is at fault",
    )


def by_name(definitions: Iterable[ConditionDefinition]) -> Mapping[str, ConditionDefinition]:
    """Definitions by their name.

    Raises:
        AlarmError: two have the same, or one covers what is not there or not all that those cover.
    """
    known: dict[str, ConditionDefinition] = {}
    faults = []
    for each in definitions:
        if each.name in known:
            faults.append(f"alarm condition {each.name!r} is defined twice")
        known[each.name] = each
    faults += [fault for each in known.values() for fault in _of_covers(each, known)]
    if faults:
        raise AlarmError(faults)
    return MappingProxyType(known)


def _of_covers(one: ConditionDefinition, known: Mapping[str, ConditionDefinition]) -> Iterator[str]:
    """With these rules nothing covers what covers it, and no change of the cover uncovers."""
    for name in one.covers:
        if name not in known:
            yield f"alarm condition {one.name!r} covers {name!r}, which is not defined"
            continue
        left = [each for each in known[name].covers if each not in one.covers]
        if left:
            yield (
                f"alarm condition {one.name!r} covers {name!r}, and not what that covers:"
                f" {', '.join(left)}"
            )


@cache
def standard_conditions() -> Mapping[str, ConditionDefinition]:
    """All of them, by name."""
    return by_name([*_signs(), *_limits(), *_defects(), *_device()])
