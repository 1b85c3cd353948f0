"""The names under which a bill tells what CycloneDX has no field for."""

from enum import StrEnum


class Word(StrEnum):
    """A property of a component, of a flaw or of the whole bill."""

    FILES = "edgeward:files_sha256"
    HASH_OF = "edgeward:hash_of"
    INSTALLED_AS = "edgeward:installed_as"
    BUNDLED_IN = "edgeward:bundled_in"
    SOUP = "edgeward:soup"
    ANSWERED_BY = "edgeward:answered_for_by"
    NEED = "edgeward:need"
    RUNS_ON = "edgeward:runs_on"
    SUPPORT = "edgeward:support"
    END_OF_SUPPORT = "edgeward:end_of_support"
    LICENCE = "edgeward:licence_concluded"
    REQUIREMENT = "edgeward:requirement"
    ANOMALY = "edgeward:anomaly"
    ANOMALIES_READ = "edgeward:anomalies_read"
    ANOMALIES_AT = "edgeward:anomalies_at"
    PYTHON = "edgeward:python"
    EXTRAS = "edgeward:extras"
    BESIDE = "edgeward:beside"
    SOUP_LIST = "edgeward:soup_list"
    SOUP_LIST_SHA256 = "edgeward:soup_list_sha256"
    FINDING = "edgeward:finding"
    IMPORTED = "edgeward:imported"
    STRANGER = "edgeward:notice_of_nothing_here"
    SOURCE = "edgeward:source"
    PUBLISHER = "edgeward:publisher"
    EXPLOITED = "edgeward:known_exploited"
    EXPLOITED_LIST = "edgeward:known_exploited_list"


MISSING = "missing"
"""What stands under `SOUP` where no entry of the list answers for a component."""
