"""ONNX Runtime, imported without its telemetry.

From version 1.31 on its ordinary packages for Linux write an identifier and a database into the
user's home, start threads, and report each session to the maker, unless told otherwise before they
are imported. A device tells nobody of its patients' models; so this is the only place that imports
it. Both names of the variable are set: the maker has changed it once.
"""

import os

for _name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"):
    os.environ[_name] = "1"

import onnxruntime  # noqa: E402 - not before it was told

__all__ = ["onnxruntime", "session_options"]


def session_options() -> onnxruntime.SessionOptions:
    """How every model runs here: one thread, the caller's. They are part of what is validated."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors only: they are raised anyway
    return options
