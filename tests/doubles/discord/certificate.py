"""A throw-away certificate authority and a certificate for Discord's names, made when a double starts."""

import atexit
import ssl
import tempfile
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.doubles.certificates import begun, named

HOSTS = ("discord.com", "*.discord.com", "gateway.discord.gg", "*.discord.gg", "*.discord.media")


@cache
def _pem() -> tuple[bytes, bytes, bytes]:
    """The authority, the certificate and its key; one set serves all doubles of a test run."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = named("Test authority")
    authority = (
        begun(authority_name, authority_name, authority_key.public_key(), authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        begun(named("discord.com"), authority_name, key.public_key(), authority_key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return authority.public_bytes(Encoding.PEM), leaf.public_bytes(Encoding.PEM), private


def _key_usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@cache
def _folder() -> Path:
    """Where the files of the test run are."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def authority() -> Path:
    """The file a client has to trust."""
    path = _folder() / "authority.pem"
    path.write_bytes(_pem()[0])
    return path


@cache
def server_context() -> ssl.SSLContext:
    """TLS for the server side."""
    chain = _folder() / "server.pem"
    chain.write_bytes(_pem()[1] + _pem()[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context
