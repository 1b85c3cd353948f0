"""The papers of a device: whatever ends the way to new ones, the old ones or the new ones work."""

import datetime
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from trusting_lab import DEVICE, wallet_with

from edgeward.adapters.private_store import PrivateStore
from edgeward.adapters.store import MemoryStore
from edgeward.comms.trust.papers import Papers, load_key, make_key, request
from edgeward.comms.trust.secure_time import DAY_NS, Span
from edgeward.comms.trust.wallet import BLOB, TRIES_MAX, Outcome, Stage, Wallet
from edgeward.errors import StoreError, TrustError
from edgeward_harness.rig.authority import Authority, Defect

NOW = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
AUTHORITY = Authority(1, NOW)
FIRST = AUTHORITY.client(DEVICE)


def test_the_first_papers_are_made_on_the_device_and_signed_elsewhere() -> None:
    store = MemoryStore()
    wallet = Wallet(store, DEVICE)
    assert wallet.due(Span(0, None), 30)
    asked = wallet.begin()
    assert wallet.begin() != b""
    assert x509.load_pem_x509_csr(asked).is_signature_valid
    wallet.issued(AUTHORITY.sign_request(asked))
    papers = wallet.trying()
    wallet.confirmed(papers.serial)
    assert Wallet(store, DEVICE).current == papers
    assert wallet.outcome is Outcome.COMMITTED
    assert b"PRIVATE" not in asked


def test_asked_again_it_is_for_the_same_key_also_after_a_restart() -> None:
    store = MemoryStore()
    keys = {
        x509.load_pem_x509_csr(Wallet(store, DEVICE).begin()).public_key().public_numbers()  # type: ignore[union-attr]
        for _ in range(3)
    }
    assert len(keys) == 1


def test_the_key_lies_where_its_owner_alone_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    Wallet(PrivateStore(folder), DEVICE).begin()
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert os.stat(folder / BLOB).st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("age_days", "ahead_days", "due"),
    [(0, 0, False), (29, 0, False), (30, 0, True), (0, 60, False), (0, 74, True), (0, 3650, True)],
)
def test_new_papers_are_due_by_age_or_when_a_fifth_is_left(
    age_days: int, ahead_days: int, due: bool
) -> None:
    """They live from a day ago for 91 days; the clock may be ahead of the time that is sure."""
    wallet = wallet_with(FIRST)
    earliest_ns = NOW_NS + (age_days - 1) * DAY_NS
    assert wallet.due(Span(earliest_ns, earliest_ns + ahead_days * DAY_NS), 30) is due


def test_a_clock_that_is_far_behind_renews_by_what_is_sure() -> None:
    wallet = wallet_with(FIRST)
    assert wallet.due(Span(NOW_NS + 30 * DAY_NS, None), 30)
    assert not wallet.due(Span(NOW_NS, None), 30)


def another_key(asked: bytes) -> bytes:
    return AUTHORITY.sign_request(request(make_key(), DEVICE))


def another_name(asked: bytes) -> bytes:
    return AUTHORITY.sign_request(asked, name="monitor-8")


def for_servers(asked: bytes) -> bytes:
    return AUTHORITY.client(DEVICE, Defect.WRONG_USE).certificate_pem


def nothing(asked: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n"


@pytest.mark.parametrize("signing", [another_key, another_name, for_servers, nothing])
def test_what_was_not_asked_for_is_not_taken(signing: Callable[[bytes], bytes]) -> None:
    wallet = wallet_with(FIRST)
    asked = wallet.begin()
    with pytest.raises(TrustError):
        wallet.issued(signing(asked))
    assert wallet.stage is Stage.REQUESTED
    wallet.issued(AUTHORITY.sign_request(asked))


def test_only_the_serial_number_of_the_new_papers_commits_them() -> None:
    wallet = wallet_with(FIRST)
    wallet.issued(AUTHORITY.sign_request(wallet.begin()))
    with pytest.raises(TrustError, match="nothing can be confirmed"):
        wallet.confirmed("1")
    wallet.trying()
    with pytest.raises(TrustError, match="saw certificate"):
        wallet.confirmed(FIRST.serial)
    assert wallet.current is not None
    assert wallet.current.serial == FIRST.serial


def test_papers_that_are_refused_time_and_again_are_given_up() -> None:
    wallet = wallet_with(FIRST)
    wallet.issued(AUTHORITY.sign_request(wallet.begin()))
    for _ in range(TRIES_MAX):
        assert wallet.candidate is not None
        wallet.trying()
        wallet.refused()
    assert (wallet.stage, wallet.outcome) == (Stage.NONE, Outcome.ROLLED_BACK)
    assert wallet.candidate is None
    assert wallet.current is not None
    assert wallet.current.serial == FIRST.serial


@pytest.mark.parametrize(
    "change",
    [
        lambda told: {},
        lambda told: [],
        lambda told: told | {"stage": "asleep"},
        lambda told: told | {"current": {"key": "x", "chain": "y"}},
        lambda told: told | {"chain": "nothing", "key": "nothing"},
    ],
)
def test_a_damaged_wallet_begins_anew_and_says_so(change: Callable[[object], object]) -> None:
    store = MemoryStore()
    wallet_with(FIRST, store)
    data = json.dumps(change(json.loads(store.read(BLOB) or b""))).encode()
    store.write(BLOB, data)
    wallet = Wallet(store, DEVICE)
    assert "damaged" in wallet.damage
    assert (wallet.current, wallet.candidate, wallet.stage) == (None, None, Stage.NONE)
    assert store.read(BLOB) == data, "what was found stays until there is something else"
    wallet.begin()
    again = Wallet(store, DEVICE)
    assert (again.damage, again.stage) == ("", Stage.REQUESTED)


def test_what_is_no_key_of_ours_is_refused() -> None:
    with pytest.raises(TrustError, match="cannot be read"):
        load_key(b"nothing")
    with pytest.raises(TrustError, match="accepted: P-256"):
        load_key(AUTHORITY.client(DEVICE, Defect.WEAK).key_pem)


class Dying(MemoryStore):
    """A disk that is cut off before or after one of its writes."""

    __slots__ = ("cut",)

    def __init__(self) -> None:
        super().__init__()
        self.cut: str | None = None

    def write(self, name: str, data: bytes) -> None:
        if self.cut != "before":
            super().write(name, data)
        if self.cut:
            raise StoreError("the power is gone")


class Ways(RuleBasedStateMachine):
    """Any order of steps, of cuts and of restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Dying()
        self.wallet = wallet_with(FIRST, self.store)
        self.worked = {FIRST.serial}
        """Papers that a receiver has confirmed at least once."""

    def step(self, cut: str | None, work: Callable[[], object]) -> None:
        self.store.cut = cut
        try:
            work()
        except StoreError:
            self.wallet = Wallet(self.store, DEVICE)
        except TrustError:
            pass
        self.store.cut = None

    @rule(cut=st.sampled_from([None, "before", "after"]))
    def go_on(self, cut: str | None) -> None:
        wallet = self.wallet
        if wallet.stage in (Stage.NONE, Stage.REQUESTED):
            self.step(None, lambda: None)
            self.step(cut, lambda: wallet.issued(AUTHORITY.sign_request(wallet.begin())))
        else:
            self.step(cut, wallet.trying)

    @precondition(lambda self: self.wallet.stage is Stage.TRYING)
    @rule(cut=st.sampled_from([None, "before", "after"]))
    def confirm(self, cut: str | None) -> None:
        assert self.wallet.candidate is not None
        self.worked.add(self.wallet.candidate.serial)
        serial = self.wallet.candidate.serial
        self.step(cut, lambda: self.wallet.confirmed(serial))

    @precondition(lambda self: self.wallet.stage is Stage.TRYING)
    @rule(cut=st.sampled_from([None, "before", "after"]))
    def refuse(self, cut: str | None) -> None:
        self.step(cut, self.wallet.refused)

    @rule()
    def restart(self) -> None:
        self.wallet = Wallet(self.store, DEVICE)

    @invariant()
    def there_are_papers_that_worked(self) -> None:
        for wallet in (self.wallet, Wallet(self.store, DEVICE)):
            papers = wallet.current
            assert isinstance(papers, Papers)
            assert papers.serial in self.worked
            key = load_key(papers.key_pem)
            assert key.public_key() == papers.certificate.public_key()
            assert (wallet.candidate is None) == (wallet.stage in (Stage.NONE, Stage.REQUESTED))


Ways.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestWays = pytest.mark.slow(Ways.TestCase)
