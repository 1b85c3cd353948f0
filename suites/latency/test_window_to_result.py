"""Latency of the path from the last sample of a window in to its result out."""

from dataclasses import replace

import pytest

from edgeward.profile import Profile
from edgeward_harness.measure.judge import (
    judge_check,
    judge_failures,
    judge_maximum,
    judge_percentile,
)
from edgeward_harness.rig.bench import Rig
from edgeward_harness.run.measure import Measure

from .driving import Drive, drive
from .recording import count
from .results import misfit
from .tail import highest_percentile, tail_beyond

PATH = "window_to_result"


@pytest.fixture(scope="module")
def observed(rig: Rig, profile: Profile) -> Drive:
    """One drive of a fresh device; several cases each ask another question of it."""
    limits = profile.budget.latency[PATH]
    with rig.open_device() as device:
        return drive(
            device,
            windows=rig.samples("TC-LAT-002"),
            limit_ms=min(limits.p50_ms, limits.p99_ms, limits.max_ms),
            seed=rig.seed(PATH),
            progress=rig.progress,
        )


@pytest.mark.case("TC-LAT-001")
def test_median(observed: Drive, profile: Profile, measure: Measure) -> None:
    """The median delay is within its budget.

    Method: paced windows of a simulated patient; the delay is taken outside the device; the upper
    95 % confidence bound of the median, by order statistics, is held against the profile's budget.
    Windows sent into a long stall of the host that the device did not make are set aside and
    replaced, whatever their delay; one that the stall does not explain counts all the same.
    """
    limit_ms = profile.budget.latency[PATH].p50_ms
    measure.record(
        "window_to_result_p50", judge_percentile(observed.watched.observed(), 0.50, limit_ms)
    )


@pytest.mark.case("TC-LAT-002")
def test_99th_percentile(observed: Drive, profile: Profile, measure: Measure) -> None:
    """The 99th percentile of the delay is within its budget.

    Method: paced windows of a simulated patient, as for the median; the upper 95 % confidence bound
    of the 99th percentile, by order statistics, is held against the profile's budget. A result that
    never came counts as infinitely late. What the host did meanwhile is attached.
    """
    limit_ms = profile.budget.latency[PATH].p99_ms
    measure.record(
        "window_to_result_p99", judge_percentile(observed.watched.observed(), 0.99, limit_ms)
    )
    measure.attach_json("stall-probe.json", observed.watched.noise())


@pytest.mark.case("TC-LAT-003")
def test_maximum(observed: Drive, profile: Profile, measure: Measure) -> None:
    """No result comes later than the maximum.

    Method: every delay of the sample is held against the maximum; the exact binomial bound says how
    rare an exceedance is after a sample without one.
    """
    limit_ms = profile.budget.latency[PATH].max_ms
    measure.record("window_to_result_max", judge_maximum(observed.watched.observed(), limit_ms))


@pytest.mark.case("TC-LAT-008")
def test_tail(observed: Drive, profile: Profile, measure: Measure, rig: Rig) -> None:
    """The delay beyond the 99th percentile is within the maximum, as far as the sample tells.

    Method: the upper 95 % confidence bound, by order statistics, of the highest percentile that the
    sample carries is held against the maximum: the 99.9th from 2995 values on, the 99.7th from 998,
    else the 99th. What two extreme-value fits (peaks over a threshold and block maxima, each with
    a test of fit and of independence) say beyond the sample is noted and attached, or why one says
    nothing, or that they contradict each other; it is information, and no verdict rests on it.
    """
    limit_ms = profile.budget.latency[PATH].max_ms
    sample = observed.watched.observed()
    fraction = highest_percentile(len(sample.values))
    tail = tail_beyond(sample, seed=rig.seed("tail"))
    judged = judge_percentile(sample, fraction, limit_ms)
    note = "; ".join(filter(None, (judged.note, tail.said)))
    measure.record("window_to_result_tail", replace(judged, note=note))
    measure.attach_json("extreme-values.json", tail.to_json())


@pytest.mark.case("TC-LAT-004")
def test_device_times_agree(observed: Drive, profile: Profile, measure: Measure) -> None:
    """The times a device reports are those seen from outside.

    Method: what the device hides is the delay seen from outside less the one it claims. Its median
    may not exceed a tenth, its 99th percentile a half of the maximum budget; no claim may exceed
    what was seen by more than the clocks can be compared, no decision come after its own arrival;
    the time of the last sample is the one the sensor stamped; and the mark of lateness is the one
    that follows from the two times. The device's clock is compared with ours before and after: one
    that counts in another unit than nanoseconds gains or loses what no drift explains.
    """
    limit_ms = profile.budget.latency[PATH].max_ms
    hidden = observed.unclaimed()
    measure.record("hidden_delay_p50", judge_percentile(hidden, 0.50, limit_ms / 10))
    measure.record("hidden_delay_p99", judge_percentile(hidden, 0.99, limit_ms / 2))
    told = [(crossing, crossing.event) for crossing in observed.crossings if crossing.event]
    for name, expected, faults in (
        (
            "sensor_stamp_altered",
            "last_sample_ns is the stamp of the block",
            [event["last_sample_ns"] != crossing.acquired_ns for crossing, event in told],
        ),
        (
            "decision_before_its_sample",
            "no decision precedes the sample it rests on",
            [event["decision_ns"] < event["last_sample_ns"] for _, event in told],
        ),
        (
            "claim_beyond_what_was_seen",
            "no claimed delay exceeds the one seen from outside",
            [observed.claims_too_much(crossing) for crossing, _ in told],
        ),
        (
            "decision_after_its_arrival",
            "no decision is later than the arrival of its result",
            [observed.decided_too_late(crossing) for crossing, _ in told],
        ),
        (
            "late_mark_against_own_times",
            "late is decision_ns - last_sample_ns > the maximum",
            [event["late"] is not (one.claimed_ms > limit_ms) for one, event in told],
        ),
    ):
        uncertain_ms = observed.clock_uncertainty_ns / 1e6
        detail = f"clocks compared to {uncertain_ms:.3f} ms"
        measure.record(name, judge_failures(sum(faults), len(told), expected, detail=detail))
    slip_ms, doubt_ms = observed.clock_slip_ns / 1e6, observed.slip_uncertainty_ns / 1e6
    measure.record(
        "device_clock_runs_as_ours",
        judge_check(
            holds=not observed.clock_runs_otherwise,
            expected="the device's clock advances by as many nanoseconds as ours",
            observed=f"{slip_ms:+.3f} ms over the drive, compared to {doubt_ms:.3f} ms",
        ),
    )


@pytest.mark.case("TC-LAT-005")
def test_every_window_once(observed: Drive, measure: Measure) -> None:
    """Every complete window yields exactly one result, in order, that rests on its samples.

    Method: window k must be the samples k*hop to k*hop+window-1; each result, those of the warm-up
    included, is compared with the window the sensor completed and with the models described; none
    may be missing, doubled, foreign or without an answer. Cursors only rise, nothing is dropped,
    nothing comes after the last window, and the device counts as the sensor did. Windows of
    different rhythms must get answers that differ in label or probabilities; some of each rhythm
    are asked about again by `infer`, where it is offered, and so are those before, at and after
    the places at which the answers changed most: there the result of another window is not the
    same.
    """
    crossings = [*observed.untimed, *observed.crossings]
    faults = [fault for one in crossings if (fault := misfit(one, observed.models))]
    count(
        measure, "windows_without_exactly_one_result", faults, len(crossings),
        "exactly one result a window, with its own indices and an answer of a model described",
    )  # fmt: skip
    disorder = [one.disorder for one in crossings]
    disorder = [fault for fault in (observed.early, *disorder, observed.closing.disorder) if fault]
    count(
        measure, "answers_out_of_order", disorder, len(crossings) + 2,
        "cursors rise, next is the last of them, and nothing is dropped",
    )  # fmt: skip
    closing = observed.closing
    measure.record(
        "events_after_the_last_window",
        judge_check(
            holds=closing.extra_events == 0,
            expected="no event is left when every window has its result",
            observed=f"{closing.extra_events} events",
        ),
    )
    counted = {key: closing.told[key] for key in closing.sent}
    measure.record(
        "stream_counts_at_its_end",
        judge_check(
            holds=counted == dict(closing.sent), expected=str(closing.sent), observed=str(counted)
        ),
    )
    _record_rest_on_samples(observed, measure)


def _record_rest_on_samples(observed: Drive, measure: Measure) -> None:
    """Judge whether results follow from samples; one answer to all rhythms follows from none."""
    again = observed.recheck
    found = "differ" if again.answers_differ else "one and the same answer to all"
    measure.record(
        "answers_follow_from_samples",
        judge_check(
            holds=again.answers_differ,
            expected="windows of different rhythms get answers that differ",
            observed=f"{again.rhythms} rhythms, {found}",
            n=again.rhythms,
        ),
    )
    if again.asked:
        count(
            measure, "other_answer_when_asked_again", again.faults, again.asked,
            "infer gives the label and the probabilities of the result for the same samples",
        )  # fmt: skip
