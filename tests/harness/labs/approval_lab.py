"""People with keys and certificates, a desk where they sign, and an authority that stamps times."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from edgeward_harness.approval.add import Stamp, Who, add
from edgeward_harness.approval.folder import Folder, Signed, read_folder
from edgeward_harness.approval.keys import Signer, load_signer
from edgeward_harness.approval.people import Person
from edgeward_harness.approval.statement import Subject
from edgeward_harness.approval.words import Meaning, SubjectKind

SECRET = "open sesame"
SIGNED_AT = datetime(2026, 3, 5, 10, tzinfo=UTC)
PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
AnyKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


def thing(kind: SubjectKind = SubjectKind.BUNDLE, sha256: str = "ab" * 32) -> Subject:
    """Something to sign."""
    return Subject(kind, "thing", sha256, {"of": "a test"})


def write_key(path: Path, key: AnyKey, secret: str | None = SECRET) -> Path:
    """A key file as OpenSSL writes it."""
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if secret is not None:
        lock = serialization.BestAvailableEncryption(secret.encode())
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, lock))
    path.chmod(0o600)
    return path


@cache
def root_key() -> ec.EllipticCurvePrivateKey:
    """The key of the root of these tests."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def root() -> x509.Certificate:
    """The root of these tests."""
    return certificate("Root of the tests", root_key(), issuer="", days=4000)


def certificate(
    name: str,
    key: AnyKey,
    *,
    issuer: str = "Root of the tests",
    days: int = 100,
    usage: bool = True,
    signed_by: ec.EllipticCurvePrivateKey | None = None,
) -> x509.Certificate:
    """A certificate from a month before the tests' day on; without an issuer, a root."""
    authority, start = not issuer, SIGNED_AT - timedelta(days=30)
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]) if issuer else own
    signer = signed_by or root_key()
    built = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(above)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=30 + days))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(_usage(usage and not authority, authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    return built.sign(signer, hashes.SHA256())


def _usage(sign: bool, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=not sign and not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass
class Somebody:
    """A person with an open key."""

    person: Person
    signer: Signer
    pem: Path
    chain: Path | None = None

    def who(self, role: str | None = None, name: str | None = None) -> Who:
        """How they sign."""
        return Who(name or self.person.name, self.person.id, role or self.person.roles[0])


@dataclass
class Desk:
    """A folder of approvals, and the people who sign into it."""

    keys: Path
    folder: Path

    def somebody(
        self, user: str = "p1", role: str = "reviewer", *, curve: bool = False, **chain: int | bool
    ) -> Somebody:
        """A person with a key behind a passphrase; with `days` or `usage`, one with a chain."""
        key: AnyKey = ed25519.Ed25519PrivateKey.generate()
        if curve:
            key = ec.generate_private_key(ec.SECP256R1())
        path = write_key(self.keys / f"{user}-{len(list(self.keys.iterdir()))}.pem", key)
        if not chain:
            signer = load_signer(path, lambda _: SECRET)
            person = Person(user, user.title(), (role,), key=signer.key.keyid)
            return Somebody(person, signer, path)
        given = path.with_suffix(".chain")
        own = certificate(user, key, **chain)  # type: ignore[arg-type]  # days and usage
        given.write_bytes(own.public_bytes(PEM) + root().public_bytes(PEM))
        signer = load_signer(path, lambda _: SECRET, given)
        person = Person(user, user.title(), (role,), ca=root().fingerprint(hashes.SHA256()).hex())
        return Somebody(person, signer, path, given)

    def sign(
        self,
        one: Somebody,
        subject: Subject | None = None,
        meaning: Meaning = Meaning.REVIEWED_RESULTS,
        at: datetime = SIGNED_AT,
        *,
        who: Who | None = None,
        stamp: Stamp | None = None,
    ) -> Signed:
        """Sign as somebody."""
        return add(
            self.folder, subject or thing(), meaning, who or one.who(), one.signer, at, stamp
        )

    def read(self, *roots: bytes) -> Folder:
        """What lies there."""
        return read_folder(self.folder, roots)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk nobody has signed at."""
    keys = tmp_path / "desk-keys"
    keys.mkdir()
    return Desk(keys, tmp_path / "approvals")


AUTHORITY = """\
[tsa]
default_tsa = tsa_one
[tsa_one]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""
OWN = """\
basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
"""


@dataclass
class Authority:
    """A time stamp authority: OpenSSL on this machine."""

    folder: Path

    @property
    def root(self) -> bytes:
        """Its root in DER."""
        return x509.load_pem_x509_certificate((self.folder / "root.pem").read_bytes()).public_bytes(
            DER
        )

    def __call__(self, request: bytes) -> bytes:
        """Answer a request."""
        (self.folder / "q.tsq").write_bytes(request)
        run = ["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "r.tsr"]
        self.openssl(*run)
        return (self.folder / "r.tsr").read_bytes()

    def openssl(self, *words: str) -> None:
        """Run it."""
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def authority_here(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority with a root of its own, where there is OpenSSL."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here to stamp times")
    folder = tmp_path_factory.mktemp("authority")
    made = Authority(folder)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(AUTHORITY.format(folder=folder))
    (folder / "own.cnf").write_text(OWN)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=Root of times", "-days", "30"]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    made.openssl("req", "-x509", *curve, "-keyout", "root.key", "-out", "root.pem", *names, *usage)
    made.openssl("req", *curve, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Times")
    signed = ["x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key"]
    made.openssl(
        *signed, "-CAcreateserial", "-days", "30", "-extfile", "own.cnf", "-out", "tsa.pem"
    )
    return made


@contextmanager
def serving(answer: bytes | Authority) -> Iterator[str]:
    """An authority at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            told = answer if isinstance(answer, bytes) else answer(request)
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
