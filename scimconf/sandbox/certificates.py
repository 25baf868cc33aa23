"""A private certificate authority and a certificate for localhost, stored in a folder.

The keys are elliptic curve keys, because a thousand handshakes with RSA keys are slow. Valid certificates of the folder
are reused, so that clients need to trust the authority only once.
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

_VALIDITY = timedelta(days=397)
_RENEW_BEFORE = timedelta(days=7)
_HOSTS = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")))


@dataclass(frozen=True, slots=True)
class Certificates:
    """Paths: the authority that clients trust, the server's certificate and its key."""

    authority: Path
    certificate: Path
    key: Path


def ensure_certificates(folder: Path, *, now: datetime | None = None) -> Certificates:
    """Return the certificates of a folder; create them if they are missing, invalid or expire within a week."""
    certificates = Certificates(folder / "ca.pem", folder / "localhost.pem", folder / "localhost.key")
    current_time = now or datetime.now(UTC)
    if not _is_valid(certificates, current_time + _RENEW_BEFORE):
        _create(certificates, current_time)
    return certificates


def _is_valid(certificates: Certificates, until: datetime) -> bool:
    try:
        authority = x509.load_pem_x509_certificate(certificates.authority.read_bytes())
        certificate = x509.load_pem_x509_certificate(certificates.certificate.read_bytes())
        key = serialization.load_pem_private_key(certificates.key.read_bytes(), password=None)
        certificate.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001  any failure means that they are created again
        return False
    return certificate.not_valid_after_utc > until and certificate.public_key() == key.public_key()


def _create(certificates: Certificates, now: datetime) -> None:
    certificates.authority.parent.mkdir(parents=True, exist_ok=True)
    issuer_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = _name("scimconf sandbox authority")
    authority = _authority(name, issuer_key, now)
    certificate = _server_certificate(name, issuer_key, key, now)
    _write(certificates.key, _key_pem(key), 0o600)
    _write(certificates.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    _write(certificates.authority, authority.public_bytes(serialization.Encoding.PEM), 0o644)


def _authority(name: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    builder = _builder(name, name, key.public_key(), now)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _server_certificate(
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
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + _VALIDITY)
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


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)
