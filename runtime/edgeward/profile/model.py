"""The device profile: what a model of device is and what it promises.

Each field is declared once: meaning, unit, what is accepted, what is usual. A value outside the
usual range is not refused but warned about: more often than not a unit was mixed up. Every field is
mandatory: a promise that is not written down cannot be verified. 1 MB is 2**20 bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Annotated, Any

from edgeward.canonical import digest
from edgeward.profile.kinds import Choice, Choices, Flag, Number, Text, whole
from edgeward.profile.layout import Named
from edgeward.profile.vocabulary import (
    Accelerator,
    Architecture,
    Cipher,
    Environment,
    Evictable,
    LinkType,
    RegulatoryClass,
    SafetyClass,
    SchedulingPolicy,
    TlsVersion,
)

BYTES_PER_MB = 1 << 20
NAME = "[a-z][a-z0-9_-]*"
NAME_SAID = "a lower-case letter, then lower-case letters, digits, _ and -,"
NAME_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What a profile's file may say about its place among others; resolved, it is gone."""

    extends: Annotated[
        str, Text("Profile that gives every value not given here.", NAME, NAME_SAID, NAME_LENGTH)
    ]
    abstract: Annotated[bool, Flag("True when the file is only there to be extended.")]


@dataclass(frozen=True, slots=True)
class Device:
    """What the model of device is."""

    model: Annotated[str, Text("Model designation, as printed on the device.", length_max=80)]
    description: Annotated[str, Text("What the device is, for a reader who has never seen it.")]
    operating_system: Annotated[str, Text("Operating system and its version.", length_max=80)]
    architecture: Annotated[Architecture, Choice("Instruction set.", Architecture)]
    accelerator: Annotated[Accelerator, Choice("What computes models besides.", Accelerator)]


@dataclass(frozen=True, slots=True)
class Compute:
    """The processor the software gets."""

    cores: Annotated[
        int, whole("Processor cores the software may use.", "cores", 1, 1024, (1, 128))
    ]
    cpu_share_percent: Annotated[
        float,
        Number("Share of these cores, taken together, that it may use.", "%", 1, 100, (5, 100)),
    ]
    performance_gflops: Annotated[
        float,
        Number(
            "Single-precision peak of processor and accelerator.",
            "GFLOPS",
            0.001,
            1_000_000,
            (0.1, 20_000),
        ),
    ]
    scheduling_policy: Annotated[
        SchedulingPolicy, Choice("Scheduling of the clinical path.", SchedulingPolicy)
    ]
    scheduling_priority: Annotated[
        int, whole("Real-time priority: 1 to 99 with fifo, 0 with other.", "", 0, 99, (0, 99))
    ]


@dataclass(frozen=True, slots=True)
class Memory:
    """Main memory."""

    ram_mb: Annotated[int, whole("Main memory of the device.", "MB", 16, 4_000_000, (64, 300_000))]


@dataclass(frozen=True, slots=True)
class Storage:
    """Durable storage."""

    capacity_mb: Annotated[
        int, whole("Durable storage of the device.", "MB", 16, 64_000_000, (256, 5_000_000))
    ]


@dataclass(frozen=True, slots=True)
class Power:
    """Where the energy comes from."""

    budget_mw: Annotated[
        float, Number("Mean power the computer may draw.", "mW", 0.1, 10_000_000, (5, 1_000_000))
    ]
    battery_mwh: Annotated[
        int, whole("Usable battery energy; 0 means mains only.", "mWh", 0, 10_000_000, (0, 500_000))
    ]


@dataclass(frozen=True, slots=True)
class Network:
    """What connects the device."""

    bandwidth_kbps: Annotated[
        float,
        Number(
            "Bandwidth it may count on to its peer.", "kbit/s", 1, 100_000_000, (10, 10_000_000)
        ),
    ]
    links: Annotated[tuple[LinkType, ...], Choices("Links, the preferred one first.", LinkType)]
    devices_max: Annotated[
        int, whole("Sensors and devices connected to it at once.", "devices", 0, 50, (0, 50))
    ]


@dataclass(frozen=True, slots=True)
class Clinical:
    """Where and for what the device is used."""

    environment: Annotated[Environment, Choice("Where it is used.", Environment)]
    intended_use: Annotated[str, Text("Intended use, in one sentence.")]
    regulatory_class: Annotated[RegulatoryClass, Choice("EU MDR class.", RegulatoryClass)]
    safety_class: Annotated[SafetyClass, Choice("IEC 62304 safety class.", SafetyClass)]
    availability: Annotated[
        float,
        Number(
            "Share of time in service it must work correctly.",
            "fraction",
            0.9,
            0.999999,
            (0.99, 0.99999),
        ),
    ]


@dataclass(frozen=True, slots=True)
class LatencyBudget:
    """How long one path may take; p50 <= p99 <= max."""

    p50_ms: Annotated[float, Number("Median, at most.", "ms", 0.001, 3_600_000, (0.5, 5000))]
    p99_ms: Annotated[
        float, Number("99th percentile, at most.", "ms", 0.001, 3_600_000, (0.5, 5000))
    ]
    max_ms: Annotated[float, Number("Ever, at most.", "ms", 0.001, 3_600_000, (0.5, 10_000))]


@dataclass(frozen=True, slots=True)
class Budget:
    """What the software may use and how fast it must be."""

    memory_mb: Annotated[int, whole("Resident memory, at most.", "MB", 1, 4_000_000, (16, 100_000))]
    memory_growth_mb_per_hour: Annotated[
        float,
        Number(
            "Growth of resident memory once it is warm, at most.",
            "MB/h",
            0.001,
            100_000,
            (0.01, 100),
        ),
    ]
    cpu_percent: Annotated[
        float, Number("Mean processor use over a minute, of all cores.", "%", 0.1, 100, (1, 100))
    ]
    startup_ms: Annotated[
        float, Number("From start to ready, at most.", "ms", 1, 3_600_000, (50, 120_000))
    ]
    model_size_mb: Annotated[
        float, Number("Size of one model package, at most.", "MB", 0.001, 100_000, (0.01, 2000))
    ]
    package_mb: Annotated[
        float,
        Number(
            "Installed size of all software, models included, interpreter not.",
            "MB",
            0.01,
            1_000_000,
            (0.1, 10_000),
        ),
    ]
    inference_ms: Annotated[
        float,
        Number("One inference, 99th percentile, at most.", "ms", 0.001, 600_000, (0.05, 5000)),
    ]
    energy_mj_per_inference: Annotated[
        float, Number("Energy of one inference, at most.", "mJ", 0.001, 1_000_000, (0.001, 10_000))
    ]
    latency: Annotated[
        Mapping[str, LatencyBudget],
        Named(
            LatencyBudget,
            "Latency by path; window_to_result is from a window's last sample to its result.",
            mandatory=("window_to_result",),
        ),
    ]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How right the models must be."""

    floor: Annotated[
        float,
        Number("Accuracy shown with confidence, at least.", "fraction", 0.5, 1, (0.8, 0.9999)),
    ]
    retention_margin: Annotated[
        float,
        Number(
            "Accuracy a compressed model may lose; 0 could never be shown.",
            "fraction",
            0.001,
            0.5,
            (0.001, 0.1),
        ),
    ]


@dataclass(frozen=True, slots=True)
class Alarm:
    """From the sample that meets a condition, after its own averaging, to the local signal."""

    high_delay_ms: Annotated[
        float, Number("High priority, at most.", "ms", 1, 600_000, (50, 30_000))
    ]
    medium_delay_ms: Annotated[
        float, Number("Medium priority, at most.", "ms", 1, 600_000, (50, 60_000))
    ]
    low_delay_ms: Annotated[
        float, Number("Low priority, at most.", "ms", 1, 600_000, (50, 120_000))
    ]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on the device warns about itself."""

    cpu_percent: Annotated[float, Number("Processor use.", "%", 1, 100, (40, 99))]
    memory_percent: Annotated[float, Number("Use of the memory.", "%", 1, 100, (40, 99))]
    temperature_c: Annotated[float, Number("Processor temperature.", "°C", 1, 150, (35, 110))]


@dataclass(frozen=True, slots=True)
class Security:
    """How links and keys are protected."""

    tls_version_min: Annotated[TlsVersion, Choice("Oldest TLS version accepted.", TlsVersion)]
    ciphers: Annotated[
        tuple[Cipher, ...], Choices("TLS cipher suites, the preferred one first.", Cipher)
    ]
    certificate_rotation_days: Annotated[
        int, whole("Age at which its certificate is replaced.", "days", 1, 3650, (7, 398))
    ]
    key_rotation_days: Annotated[
        int, whole("Age at which data keys are replaced.", "days", 1, 3650, (1, 398))
    ]


@dataclass(frozen=True, slots=True)
class Quotas:
    """What a class keeps of the queue when others flood; more than that while there is room."""

    waveform: Annotated[int, whole("Share that waveforms keep.", "%", 0, 90, (0, 90))]
    trend: Annotated[int, whole("Share that trends keep.", "%", 0, 90, (0, 90))]
    event: Annotated[int, whole("Share that events keep.", "%", 0, 90, (0, 90))]


@dataclass(frozen=True, slots=True)
class Offline:
    """What the device does without a link."""

    autonomy_hours: Annotated[
        int, whole("Hours without a link that lose nothing.", "h", 0, 8784, (1, 720))
    ]
    queue_mb: Annotated[
        int, whole("Disk that waiting records may use.", "MB", 1, 64_000_000, (4, 1_000_000))
    ]
    eviction_order: Annotated[
        tuple[Evictable, ...],
        Choices(
            "What a full queue gives up, first to last.",
            Evictable,
            every=True,
            note='"alarm" is never evicted',
        ),
    ]
    quota_percent: Quotas
    waveforms: Annotated[bool, Flag("Waveforms are kept and delivered beside trends and events.")]
    trend_heartbeat_s: Annotated[
        int, whole("Longest time between two points of a trend.", "s", 5, 3600, (10, 900))
    ]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a model of device is and promises, resolved: nothing is inherited any more."""

    schema: Annotated[int, whole("Version of this format.", "", 1, 1, (1, 1))]
    name: Annotated[
        str,
        Text("Name of the profile, as its file is called.", NAME, NAME_SAID, NAME_LENGTH),
    ]
    title: Annotated[str, Text("Name of the profile for people.", length_max=80)]
    device: Device
    compute: Compute
    memory: Memory
    storage: Storage
    power: Power
    network: Network
    clinical: Clinical
    budget: Budget
    accuracy: Accuracy
    alarm: Alarm
    thresholds: Thresholds
    security: Security
    offline: Offline

    def to_dict(self) -> dict[str, Any]:
        """The profile as JSON values, ready for `configure`.

        A number without a fraction is written as a whole number: languages that do not tell 50
        from 50.0 then write the same canonical bytes.
        """
        plain: dict[str, Any] = _plain(self)
        return plain

    @property
    def sha256(self) -> str:
        """The digest of the canonical form: what `configure` must answer."""
        return digest(self.to_dict())


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field in, any JSON value out
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, Enum):
        return value.value
    return int(value) if isinstance(value, float) and value.is_integer() else value
