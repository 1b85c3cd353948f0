"""A limit on everything the runtime accepts, in one place, with its unit in its name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device accepts before it refuses; every refusal names the limit."""

    line_bytes_max: int = 1 << 20
    """One protocol message, newline included."""
    block_samples_max: int = 100_000
    """Samples in one pushed block."""
    gap_samples_max: int = 100_000
    """Samples missing before a block. A longer gap is refused: every window in it would owe an
    event; the sender closes the stream and opens it anew."""
    streams_max: int = 64
    """Streams open at once."""
    stream_name_chars_max: int = 64
    """Characters in the name of a stream."""
    patients_max: int = 64
    """Patients watched at once."""
    channels_max: int = 16
    """Channels of one patient."""
    events_kept_max: int = 4096
    """Events kept for a reader that has not fetched them; older ones are counted as dropped."""
    events_answer_max: int = 512
    """Events in one answer, whatever was asked: the answer must fit into one line."""
    wait_ms_max: int = 60_000
    """The longest an `events` request may wait."""
    waiting_requests_max: int = 16
    """Requests waiting for events at once."""
    advance_ns_max: int = 100 * 366 * 86_400 * 1_000_000_000
    """The farthest one request may move a simulated clock: a century."""
    shown_chars_max: int = 80
    """Characters of a refused value that a message quotes."""
    faults_shown_max: int = 32
    """Faults listed in one answer; the rest is counted."""
    package_bytes_max: int = 256 << 20
    """A model package, whatever a profile allows: what is longer is not even read."""
    package_text_bytes_max: int = 4 << 20
    """One file of a package that is neither the model nor its golden windows."""
    golden_windows_max: int = 10_000
    """Golden windows of a package: each one is run whenever the package is checked."""
    trusted_keys_max: int = 64
    """Public keys that a device trusts."""
    key_bytes_max: int = 16 << 10
    """A file with a key."""
    memory_link_lines_max: int = 1024
    """Lines under way in one direction of an in-process link before its sender waits."""


DEFAULT = Limits()
