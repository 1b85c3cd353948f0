"""Drivers that reach a running device over the device protocol."""

from edgeward_harness.target.conversation import Pending
from edgeward_harness.target.driver import Enforcement
from edgeward_harness.target.faults import TRANSCRIPT, DeviceRefused, Refusal
from edgeward_harness.target.opening import open_device
from edgeward_harness.target.procfs import Scheduled
from edgeward_harness.target.session import DeviceSession

__all__ = [
    "TRANSCRIPT",
    "DeviceRefused",
    "DeviceSession",
    "Enforcement",
    "Pending",
    "Refusal",
    "Scheduled",
    "open_device",
]
