"""What is seen of one condition of one patient, by all who watch it: not told, so not kept.

Rules:
1. The condition is met while any source sees it. It cannot be decided while none sees it and one
   that saw it cannot tell. A source that never saw it and cannot tell keeps nothing up.
2. What a source tells about the past never undoes what it told about a later moment.
"""

from edgeward.alarm.observation import Observation
from edgeward.alarm.vocabulary import Level
from edgeward.errors import AlarmError

SOURCES_MAX = 64
"""Watching one condition at once; a further one is refused while the alarm is up anyway."""


class Watch:
    """Who sees the condition, since when it is met, since when it is no more."""

    __slots__ = ("clear_since_ns", "lower_since_ns", "met_ns", "seen", "sources")

    def __init__(self) -> None:
        """Nobody sees anything yet."""
        self.sources: dict[str, Observation] = {}
        """The last of each source that sees it or saw it and cannot tell."""
        self.seen: Observation | None = None
        """The last that saw it."""
        self.met_ns: int | None = None
        """Since when it is met without a break; None when it is not, or counts already."""
        self.clear_since_ns: int | None = None
        """Since when an alarm that is up is no longer met."""
        self.lower_since_ns: int | None = None
        """Since when the value is at a lower level than its alarm."""

    @property
    def present(self) -> bool | None:
        """What they see together."""
        if any(each.present for each in self.sources.values()):
            return True
        return None if self.sources else False

    @property
    def level(self) -> Level:
        """The worst level that anybody sees."""
        critical = any(each.level is Level.CRITICAL for each in self.sources.values())
        return Level.CRITICAL if critical else Level.WARNING

    @property
    def worst(self) -> Observation | None:
        """The last that saw it, or one that sees it worse."""
        seen = [each for each in self.sources.values() if each.present]
        critical = [each for each in seen if each.level is Level.CRITICAL]
        if self.seen in seen and (self.seen in critical or not critical):
            return self.seen
        return next(iter(critical or seen), self.seen)

    def take(self, new: Observation) -> None:
        """What one source sees now.

        Raises:
            AlarmError: more sources than anybody has.
        """
        before = self.sources.get(new.source)
        if not new.present and before is not None and new.at_ns < before.at_ns:
            return
        if new.present is False or (new.present is None and before is None):
            self.sources.pop(new.source, None)
            return
        if before is None and len(self.sources) >= SOURCES_MAX:
            raise AlarmError(
                [f"{new.condition}: source {new.source!r} is one more than {SOURCES_MAX}"]
            )
        self.sources[new.source] = new
        if new.present:
            self.seen = new
