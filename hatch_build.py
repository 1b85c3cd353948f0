"""Build hook: a built harness wheel requires the runtime of its version; a checkout does not."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RuntimePin(BuildHookInterface[Any]):
    """Adds ``edgeward==<version>`` to standard (non-editable) wheels only."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Pin the runtime in a standard build; editable installs find it in the checkout."""
        if version == "standard":
            build_data["dependencies"].append(f"edgeward=={self.metadata.version}")
