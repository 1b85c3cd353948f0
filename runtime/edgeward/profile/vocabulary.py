"""The closed vocabularies of a device profile; a word outside them is refused."""

from enum import StrEnum


class SchedulingPolicy(StrEnum):
    """How the operating system runs the clinical path."""

    OTHER = "other"
    FIFO = "fifo"


class SafetyClass(StrEnum):
    """IEC 62304 software safety class: no harm (A), no serious one (B), serious or death (C)."""

    A = "A"
    B = "B"
    C = "C"


class RegulatoryClass(StrEnum):
    """Device class under EU MDR 2017/745, annex VIII."""

    I = "I"  # noqa: E741 - the regulation's own word
    IIA = "IIa"
    IIB = "IIb"
    III = "III"


class Environment(StrEnum):
    """Where the device is used on patients."""

    INTENSIVE_CARE = "intensive_care"
    WARD = "ward"
    OPERATING_ROOM = "operating_room"
    TRANSPORT = "transport"
    HOME = "home"
    DATA_CENTRE = "data_centre"


class Architecture(StrEnum):
    """Instruction sets the runtime is built for."""

    AARCH64 = "aarch64"
    ARMV7L = "armv7l"
    RISCV64 = "riscv64"
    X86_64 = "x86_64"


class Accelerator(StrEnum):
    """What computes models beside the processor."""

    NONE = "none"
    NPU = "npu"
    DSP = "dsp"
    GPU = "gpu"


class LinkType(StrEnum):
    """How the device reaches others; `removable` is a medium carried by hand."""

    ETHERNET = "ethernet"
    WIFI = "wifi"
    BLUETOOTH = "bluetooth"
    CELLULAR = "cellular"
    SERIAL = "serial"
    REMOVABLE = "removable"


class TlsVersion(StrEnum):
    """TLS versions a device may fall back to; 1.2 and older are not among them."""

    V1_3 = "1.3"


class Cipher(StrEnum):
    """TLS 1.3 cipher suites by their IANA names."""

    AES_256_GCM = "TLS_AES_256_GCM_SHA384"
    CHACHA20_POLY1305 = "TLS_CHACHA20_POLY1305_SHA256"
    AES_128_GCM = "TLS_AES_128_GCM_SHA256"


class Evictable(StrEnum):
    """Record classes that a full queue may give up. Alarms are not among them."""

    WAVEFORM = "waveform"
    TREND = "trend"
    EVENT = "event"
