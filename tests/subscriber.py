"""The browser's side of web push: what it gives of itself, and how it reads; written anew from the standards.

Only the curve and the cipher are borrowed. It derives keys by plain HMAC, and reads a token by its letters.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
TAG = 16


def text_of(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "===")


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


class Subscriber:
    """A browser that takes messages; without a `private` number it makes one up."""

    def __init__(self, private: bytes = b"", secret: bytes = b"sixteen bytes...") -> None:
        number = int.from_bytes(private, "big")
        self.key = ec.derive_private_key(number, CURVE) if private else ec.generate_private_key(CURVE)
        self.secret = secret

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def given(self, endpoint: str) -> dict[str, Any]:
        """Say what `PushSubscription.toJSON()` does."""
        keys = {"p256dh": text_of(self.point), "auth": text_of(self.secret)}
        return {"endpoint": endpoint, "expirationTime": None, "keys": keys}

    def read(self, body: bytes) -> bytes:
        """Decrypt a message of one record. Raises: InvalidTag"""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        theirs, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= size
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
        material = mac(mac(self.secret, shared), b"WebPush: info\0" + self.point + theirs + b"\1")
        middle = mac(salt, material)
        key = mac(middle, b"Content-Encoding: aes128gcm\0\1")[:16]
        nonce = mac(middle, b"Content-Encoding: nonce\0\1")[:12]
        opened = Cipher(AES(key), GCM(nonce, record[-TAG:])).decryptor()
        plain = opened.update(record[:-TAG]) + opened.finalize()
        message = plain.rstrip(b"\0")
        assert message.endswith(b"\2"), "the last record ends with a 2, and maybe zeros"
        return message[:-1]


def claims_of(headers: Mapping[str, str], point: str) -> dict[str, Any]:
    """Check who sent a message, and give what they say of it. Raises: InvalidSignature"""
    scheme, _, rest = headers["authorization"].partition(" ")
    said = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, said["k"]) == ("vapid", point)
    signed, _, signature = said["t"].rpartition(".")
    pair = bytes_of(signature)
    assert len(pair) == 64
    known = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, bytes_of(said["k"]))
    numbers = (int.from_bytes(half, "big") for half in (pair[:32], pair[32:]))
    known.verify(encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(SHA256()))
    head, claims = (json.loads(bytes_of(part)) for part in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    found: dict[str, Any] = claims
    return found
