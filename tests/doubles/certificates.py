"""Certificates of an authority of our own, for a server on this machine and for a client."""

import datetime
import ipaddress
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificate(NamedTuple):
    """PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Its own certificate is in `file`; all it makes lies in the same folder, and is good for a day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named("authority")
        ca = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        own = begun(self._name, self._name, self._key.public_key(), self._key).add_extension(ca, critical=True)
        own = own.add_extension(usage, True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def certify(self, name: str, *hosts: x509.GeneralName) -> Certificate:
        """For somebody, who has these names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        made_of = begun(named(name), self._name, key.public_key(), self._key)
        if hosts:
            made_of = made_of.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        made.certificate.write_bytes(made_of.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return made


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, signer: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    """What every certificate holds; good for a day, also where the clock is a day behind."""
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
