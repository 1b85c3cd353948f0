"""Whether a bill is what CycloneDX says a bill is, before anybody relies on it."""

from edgeward_harness.errors import HarnessError

NEEDED = "edgeward-harness[pack]"


def check_schema(data: bytes) -> None:
    """Hold a bill against the strict schema.

    Raises:
        HarnessError: it is not valid, or the library that knows the schema is not installed.
    """
    try:
        from cyclonedx.exception import MissingOptionalDependencyException
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator

        wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(data.decode("utf-8"))
    except (ImportError, MissingOptionalDependencyException) as error:
        told = f"cyclonedx-python-lib is not installed; pip install {NEEDED!r} brings it"
        raise HarnessError(told) from error
    if wrong is not None:
        told = " ".join(str(wrong).split())[:400]
        raise HarnessError(f"the bill is not valid CycloneDX and was not written: {told}")
