"""Device profiles: what a model of device is and promises, loaded and validated."""

from edgeward.profile.faults import ProfileError
from edgeward.profile.load import Loaded, load_profile, parse_profile, profile_names
from edgeward.profile.model import BYTES_PER_MB, LatencyBudget, Profile, Quotas
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

__all__ = [
    "BYTES_PER_MB",
    "Accelerator",
    "Architecture",
    "Cipher",
    "Environment",
    "Evictable",
    "LatencyBudget",
    "LinkType",
    "Loaded",
    "Profile",
    "ProfileError",
    "Quotas",
    "RegulatoryClass",
    "SafetyClass",
    "SchedulingPolicy",
    "TlsVersion",
    "load_profile",
    "parse_profile",
    "profile_names",
]
