"""A certificate authority of one's own and a certificate for this machine, in a folder.

Elliptic curves, so that a thousand handshakes cost little. A folder that holds valid ones is used as it is, so that
whoever trusts the authority once goes on trusting it.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=397)
_MARGIN = timedelta(days=7)
_HOSTS = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")))


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where they are: what clients are to trust, and what the server shows."""

    authority: Path
    certificate: Path
    key: Path


def ensure_certificates(folder: Path, *, now: datetime | None = None) -> Certificates:
    """The certificates of a folder, made where there are none or where they end within a week."""
    found = Certificates(folder / "ca.pem", folder / "localhost.pem", folder / "localhost.key")
    moment = now or datetime.now(UTC)
    if not _is_good(found, moment + _MARGIN):
        _make(found, moment)
    return found


def _is_good(found: Certificates, until: datetime) -> bool:
    try:
        authority, shown = (
            x509.load_pem_x509_certificate(one.read_bytes()) for one in (found.authority, found.certificate)
        )
        key = serialization.load_pem_private_key(found.key.read_bytes(), password=None)
        shown.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001  whatever is wrong with them, they are made anew
        return False
    return shown.not_valid_after_utc > until and shown.public_key() == key.public_key()


def _make(wanted: Certificates, now: datetime) -> None:
    wanted.authority.parent.mkdir(parents=True, exist_ok=True)
    issuer_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = _name("scimconf sandbox authority")
    authority = _authority(name, issuer_key, now)
    shown = _shown(name, issuer_key, key, now)
    _write(wanted.key, _key_text(key), 0o600)
    _write(wanted.certificate, shown.public_bytes(serialization.Encoding.PEM), 0o644)
    _write(wanted.authority, authority.public_bytes(serialization.Encoding.PEM), 0o644)


def _authority(name: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    builder = _builder(name, name, key.public_key(), now)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _shown(
    issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = _builder(_name("localhost"), issuer, key.public_key(), now)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(_HOSTS), critical=False)
    builder = builder.add_extension(identifier, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + _LIFE)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_text(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)
