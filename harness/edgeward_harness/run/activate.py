"""Turn a pytest start into a verification run: settle the plan, meet the device, register hooks."""

import gc
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from edgeward.errors import EdgewardError
from edgeward_harness.errors import Finding, HarnessError
from edgeward_harness.evidence.keys import run_key
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run import fixtures
from edgeward_harness.run.collect import Collector
from edgeward_harness.run.console import Console, Verdict
from edgeward_harness.run.keys import PLAN, RIG
from edgeward_harness.run.outcomes import Outcomes, send
from edgeward_harness.run.plan import Request, RunPlan, Shared, settle
from edgeward_harness.run.recorder import SHARED, Recorder, Spooler
from edgeward_harness.run.scope import scope_of
from edgeward_harness.run.supervise import end_with_supervisor

TELLING = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH")
"""Variables that can change what a run is; recorded when set."""

MEANING = ("skipping", "unittest", "subtests", "python", "reports")
"""Parts of pytest that give outcomes their meaning and that it would do without if told to."""


def activate(config: pytest.Config) -> None:
    """Register the hooks of a run on this pytest, whichever part of a run it is.

    Raises:
        pytest.UsageError: the request cannot be met; the text says why and what would be accepted.
    """
    gc.disable()  # its pauses would be measured as the device's; `Outcomes` collects between cases
    _refuse_bending(config)
    told: dict[str, Any] | None = getattr(config, "workerinput", {}).get(SHARED)
    shared = Shared(**told) if told else None
    if shared is None:
        end_with_supervisor()
    try:
        plan = settle(_request(config), shared)
        if shared is None:
            run_key(plan.key)  # a key that cannot sign is found before the run, not after it
    except (HarnessError, EdgewardError) as error:
        raise pytest.UsageError(error.diagnostics()) from error
    rig = Rig(
        profile=plan.loaded.profile,
        unit=plan.unit,
        run_seed=plan.seed,
        sample_sizes=plan.sample_sizes,
        library=plan.library,
    )
    config.stash[PLAN], config.stash[RIG] = plan, rig
    collector = Collector(plan, shared.capabilities if shared else _ask(plan, rig))
    _register(config, fixtures, "edgeward-fixtures")
    _register(config, collector, "edgeward-collector")
    if shared is not None:
        _register(config, Outcomes(plan, rig, send), "edgeward-outcomes")
        worker = config.workerinput["workerid"]  # type: ignore[attr-defined]
        _register(config, Spooler(collector, Path(shared.spool), worker), "edgeward-spooler")
        return
    recorder = Recorder(plan, collector, scope_of(plan, config), surroundings(config))
    _register(config, recorder, "edgeward-recorder")
    _register(config, Outcomes(plan, rig, recorder.deliver), "edgeward-outcomes")
    _register(config, Verdict(plan, recorder), "edgeward-verdict")
    if config.getoption("edgeward_console"):
        _register(config, Console(plan, recorder, rig), "edgeward-console")


def surroundings(config: pytest.Config) -> dict[str, Any]:
    """What else could have had a say in this run: plugins, arguments, environment."""
    names = {name for name, plugin in config.pluginmanager.list_name_plugin() if plugin is not None}
    return {
        "version": pytest.__version__,
        "plugins": sorted(f"{d.project_name} {d.version}" for _, d in _distributions(config)),
        "loaded": sorted(name for name in names if not name.isdecimal() and "/" not in name),
        "arguments": [str(one) for one in config.invocation_params.args],
        "environment": {name: os.environ[name] for name in TELLING if name in os.environ},
    }


def _distributions(config: pytest.Config) -> list[tuple[Any, Any]]:
    return list(config.pluginmanager.list_plugin_distinfo())


def _register(config: pytest.Config, plugin: object, name: str) -> None:
    """A part of the run that is shut out would leave a run that looks like one and is none."""
    if config.pluginmanager.register(plugin, name) is None:
        raise pytest.UsageError(f"-p no:{name}: a verification run needs this; leave it in")


def _refuse_bending(config: pytest.Config) -> None:
    """Some of pytest's options change what an outcome means; a verification run has one meaning."""
    if getattr(config.option, "runxfail", False):
        raise pytest.UsageError("--runxfail: a verification run keeps expected failures apart")
    for name in MEANING:
        if config.pluginmanager.is_blocked(name):
            raise pytest.UsageError(
                f"-p no:{name}: outcomes would mean something else; leave it in"
            )


def _request(config: pytest.Config) -> Request:
    get = config.getoption
    return Request(
        profile=get("edgeward_profile"),
        unit=get("edgeward_unit"),
        bench=get("edgeward_bench"),
        depth=get("edgeward_depth"),
        seed=get("edgeward_seed"),
        out=get("edgeward_out"),
        key=get("edgeward_key"),
        formats=get("edgeward_formats"),
        profile_folders=get("edgeward_profiles"),
        suites=get("edgeward_suites"),
        recordings=get("edgeward_recordings"),
    )


def _ask(plan: RunPlan, rig: Rig) -> Sequence[str] | None:
    """The capabilities the device names, if a planned case needs any.

    None when it does not even tell: every case then applies, and meets the device itself.
    """
    if not any(case.needs.capabilities for case in plan.trace.cases.values()):
        return ()
    try:
        with rig.open_device() as device:
            return tuple(device.description["capabilities"])
    except Finding:
        return None
    except (HarnessError, EdgewardError) as error:
        raise pytest.UsageError(error.diagnostics()) from error
    finally:
        rig.device_context = None
