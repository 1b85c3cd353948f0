"""The verification of a bundle, offline: what an auditor relies on.

`verify_bundle` proves, in this order, and tells everything that does not hold:

 1. the folder holds the files of a bundle, regular ones, and nothing else;
 2. the manifest is one, in canonical form;
 3. every line of the records is one, and follows from the line before it, the first from the
    manifest: none edited, dropped, replayed, inserted or moved;
 4. the records are those of this manifest: known items only, attempts in order, contexts known;
 5. the run reached its end, in order, and the count of records agrees with it;
 6. every artifact has the digest that is its name, every record's artifact is there, and there is
    none besides;
 7. the statement is there, a DSSE envelope around an in-toto test result;
 8. its signature is good, its key id is that of `key.pub`, and the signer is one of the trusted
    keys;
 9. it covers exactly the files that are there, each with its digest;
10. it is about this run;
11. what it says of the run is what the records say when assessed again;
12. the report's twin is what the records give when rendered again (if the caller can render);
13. the bundle is of the profile, builds and run that the caller expects (if it expects any).

What it does not prove, and the caller MUST still decide: that the verdict is good enough to release
(the gate does), that fingerprints are fresh (`assess` with today's trace), that deviations have not
expired since, and that the holder of a trusted key is who they say. Nothing here raises on what a
bundle holds; every read is bounded, no path in a file is followed.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from edgeward_harness.errors import HarnessError, InputError
from edgeward_harness.evidence.artifacts import FOLDER
from edgeward_harness.evidence.assess import assess
from edgeward_harness.evidence.assessment import Assessment
from edgeward_harness.evidence.bundle import Bundle, read_bundle
from edgeward_harness.evidence.dsse import IN_TOTO, Envelope
from edgeward_harness.evidence.files import digest_file, read_whole
from edgeward_harness.evidence.identity import builds
from edgeward_harness.evidence.keys import PublicKey
from edgeward_harness.evidence.layout import (
    KEY,
    KNOWN,
    REPORT_TWIN,
    STATEMENT,
    Layout,
    list_folder,
)
from edgeward_harness.evidence.ledger import MANIFEST, RECORDS
from edgeward_harness.evidence.lines import Lines
from edgeward_harness.evidence.statement import Statement, predicate, read_statement
from edgeward_harness.evidence.strict import shown
from edgeward_harness.evidence.verification import (
    FAULTS_MAX,
    Expectation,
    Fault,
    FaultKind,
    Verification,
)

__all__ = ["Expectation", "Fault", "FaultKind", "Verification", "verify_bundle"]

Derive = Callable[[Bundle], bytes | None]
"""Renders the report's twin from a bundle; it lies above this room, so the caller brings it.
None means that it cannot tell what the twin should be, such as that of another version."""


def verify_bundle(
    path: Path,
    trusted: Sequence[PublicKey] = (),
    *,
    expected: Expectation | None = None,
    derive: Derive | None = None,
) -> Verification:
    """Verify a bundle by the steps above.

    Raises:
        HarnessError: the path is not a folder that can be read.
    """
    try:
        layout = list_folder(path)
    except OSError as fault:
        raise HarnessError(f"{path}: not a bundle: {fault.strerror}") from fault
    return _Verifier(path, layout).verify(trusted, expected or Expectation(), derive)


class _Verifier:
    """One verification under way: what was read, and what is wrong with it."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path = path
        self.layout = layout
        self.digests: dict[str, str] = {}
        self.findings: list[Fault] = []
        self.lines = Lines()

    def verify(
        self, trusted: Sequence[PublicKey], expected: Expectation, derive: Derive | None
    ) -> Verification:
        # 1.
        self._changed(self.layout.faults)
        # 2. to 5.
        bundle = self._read_bundle()
        # 6.
        self._check_artifacts()
        # 7. and 8.
        statement, signer, is_trusted = self._check_signature(trusted)
        # 9.
        if statement is not None:
            self._check_subjects(statement)
        assessment = None
        if bundle is not None:
            assessment = assess(bundle)
            # 10. and 11.
            if statement is not None:
                self._check_claims(statement, bundle, assessment)
            # 12.
            if derive is not None:
                self._check_twin(bundle, derive)
            # 13.
            self._check_expectation(bundle, expected)
        return Verification(
            findings=self._told(),
            signer=signer,
            trusted=is_trusted,
            complete=bundle is not None and bundle.complete,
            bundle=bundle,
            assessment=assessment,
        )

    def _told(self) -> tuple[Fault, ...]:
        unique = list(dict.fromkeys(self.findings))
        if len(unique) <= FAULTS_MAX:
            return tuple(unique)
        more = Fault(FaultKind.CHANGED, f"and {len(unique) - FAULTS_MAX} more faults")
        return (*unique[:FAULTS_MAX], more)

    def _changed(self, texts: Iterable[str]) -> None:
        self.findings.extend(Fault(FaultKind.CHANGED, text) for text in texts)

    def _incomplete(self, text: str) -> None:
        self.findings.append(Fault(FaultKind.INCOMPLETE, text))

    def _read(self, name: str) -> bytes | None:
        """The bytes of a file of the bundle; None, and a fault, when it cannot be read."""
        try:
            data = read_whole(self.path / name)
        except OSError as fault:
            self._changed([f"{name} cannot be read: {fault.strerror}"])
            return None
        self.digests[name] = hashlib.sha256(data).hexdigest()
        return data

    def _read_bundle(self) -> Bundle | None:
        manifest_bytes = self._read(MANIFEST)
        records_bytes = self._read(RECORDS)
        if manifest_bytes is None or records_bytes is None:
            return None
        reading = read_bundle(manifest_bytes, records_bytes, self.path)
        self.lines = reading.lines
        # 2.
        self._changed(f"{MANIFEST}: {fault}" for fault in reading.manifest_faults)
        # 3. and 4.
        self._changed(f"{RECORDS}: {fault}" for fault in reading.records_faults)
        self._check_end()
        return reading.bundle

    def _check_end(self) -> None:  # 5.
        if self.lines.torn:
            torn = f"the last {self.lines.torn} bytes are no whole line"
            self._incomplete(f"{RECORDS}: {torn}")
        if self.lines.ended is None:
            self._incomplete("incomplete: the run did not reach its end")
        elif self.lines.ended.interrupted:
            self._incomplete("incomplete: the run was interrupted")

    def _check_artifacts(self) -> None:  # 6.
        named: dict[str, str] = {}
        for record in self.lines.records:
            for name, sha256 in record.artifacts.items():
                named.setdefault(sha256, f"{shown(name)} of {shown(record.item)}")
        for sha256 in sorted(self.layout.artifacts):
            name = f"{FOLDER}/{sha256}"
            try:
                self.digests[name] = digest_file(self.path / name)
            except OSError as fault:
                self._changed([f"{name} cannot be read: {fault.strerror}"])
                continue
            if self.digests[name] != sha256:
                self._changed([f"{name} was changed: its digest is {self.digests[name]}"])
            if sha256 not in named:
                self._changed([f"{name} was added: no record names it"])
        missing = sorted(named.keys() - self.layout.artifacts)
        self._changed(f"{FOLDER}/{sha256} is missing: {named[sha256]}" for sha256 in missing)

    def _check_signature(
        self, trusted: Sequence[PublicKey]
    ) -> tuple[Statement | None, str | None, bool]:
        if STATEMENT not in self.layout.files:  # 7.
            if self.lines.ended is not None:
                self._incomplete(f"{STATEMENT} is missing: never sealed, or removed")
            return None, None, False
        envelope = self._read_envelope()
        own = self._read_key()
        if envelope is None:
            return None, None, False
        # 8.
        if own is not None and envelope.keyid != own.keyid:
            self._changed([f"{STATEMENT}: key id {envelope.keyid} is not that of {KEY}"])
        by_trusted = next((key for key in trusted if envelope.signed_by(key)), None)
        signer = by_trusted or own
        if signer is None or not envelope.signed_by(signer):
            key = f"no key to check its signature with, {KEY} is none" if signer is None else ""
            self._changed([f"{STATEMENT}: {key or f'the signature is not good for {KEY}'}"])
            return self._read_statement(envelope), None, False
        if by_trusted is None:
            text = f"signed by the key {signer.keyid}, which is not one of those trusted"
            self.findings.append(Fault(FaultKind.UNKNOWN_SIGNER, text))
        return self._read_statement(envelope), signer.keyid, by_trusted is not None

    def _read_envelope(self) -> Envelope | None:
        data = self._read(STATEMENT)
        if data is None:
            return None
        try:
            envelope = Envelope.from_bytes(data)
        except InputError as error:
            self._changed(f"{STATEMENT}: {fault}" for fault in error.faults)
            return None
        if envelope.payload_type != IN_TOTO:
            found = shown(envelope.payload_type)
            self._changed([f"{STATEMENT}: found the type {found}, expected {IN_TOTO}"])
        return envelope

    def _read_key(self) -> PublicKey | None:
        if KEY not in self.layout.files:
            self._changed([f"{KEY} is missing"])
            return None
        data = self._read(KEY)
        try:
            return None if data is None else PublicKey.from_pem(data)
        except HarnessError as fault:
            self._changed([f"{KEY}: {fault}"])
            return None

    def _read_statement(self, envelope: Envelope) -> Statement | None:
        try:
            return read_statement(envelope.payload)
        except InputError as error:
            self._changed(f"{STATEMENT}: {fault}" for fault in error.faults)
            return None

    def _check_subjects(self, statement: Statement) -> None:  # 9.
        there = set(self.layout.subjects)
        for name in sorted(statement.subjects.keys() - there):
            known = name if name in KNOWN or name.startswith(f"{FOLDER}/") else shown(name)
            self._changed([f"{known} is missing: the statement covers it"])
        for name in sorted(there - statement.subjects.keys()):
            self._changed([f"{name} was added: the statement does not cover it"])
        for name in sorted(there & statement.subjects.keys()):
            if name not in self.digests:
                self._digest(name)
            if self.digests.get(name) != statement.subjects[name]:
                self._changed([f"{name} was changed after it was signed"])

    def _digest(self, name: str) -> None:
        try:
            self.digests[name] = digest_file(self.path / name)
        except OSError as fault:
            self._changed([f"{name} cannot be read: {fault.strerror}"])

    def _check_claims(
        self, statement: Statement, bundle: Bundle, assessment: Assessment
    ) -> None:  # 10. and 11.
        if statement.run != bundle.manifest.run:
            runs = f"run {shown(statement.run)}, the manifest of run {bundle.manifest.run}"
            self._changed([f"{STATEMENT} is of {runs}"])
        for part, actual in predicate(bundle, assessment).items():
            claimed = statement.predicate[part]
            if claimed == actual:
                continue
            if part == "result":
                told = f"says {claimed}, the records give {actual}"
            else:
                told = f"{part} is not what the records give"
            self._changed([f"{STATEMENT}: {told}"])

    def _check_twin(self, bundle: Bundle, derive: Derive) -> None:  # 12.
        if REPORT_TWIN not in self.layout.files:
            return
        data = self._read(REPORT_TWIN)
        try:
            derived = derive(bundle)
        except Exception as fault:  # a hostile bundle must not end a verification, whatever renders
            self._changed([f"{REPORT_TWIN} cannot be derived from the records: {fault}"])
            return
        if None not in (data, derived) and data != derived:
            self._changed([f"{REPORT_TWIN} is not what the records give"])

    def _check_expectation(self, bundle: Bundle, expected: Expectation) -> None:  # 13.
        manifest = bundle.manifest
        build = ", ".join(sorted(builds(bundle.contexts))) or "none"
        pairs: Mapping[str, tuple[str | None, str]] = {
            "device profile": (expected.profile_sha256, manifest.profile.sha256),
            "device build": (expected.build_sha256, build),
            "harness build": (expected.tool_sha256, str(manifest.tool["build_sha256"])),
            "run": (expected.run, manifest.run),
        }
        for what, (wanted, found) in pairs.items():
            if wanted is not None and wanted != found:
                text = f"of another {what}: found {found}, expected {wanted}"
                self.findings.append(Fault(FaultKind.OTHER, text))
