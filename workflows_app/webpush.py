"""Web push as the standards say it: a message that only one browser can read, and a word of who sends it.

Source: RFC 8291 (over RFC 8188) for the message, RFC 8292 for the word. What is sent in text is base64url.
"""

from __future__ import annotations

import json
import os
import struct
from base64 import b64decode, urlsafe_b64encode
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Key = ec.EllipticCurvePrivateKey
CURVE: Final = ec.SECP256R1()
RECORD: Final = 4096
"""A message is one record; push services take none that is longer."""
LAST: Final = b"\x02"


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str, size: int) -> bytes:
    """Read so many bytes. Raises: ValueError"""
    data = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if len(data) != size:
        raise ValueError(f"{len(data)} bytes, where there should be {size}")
    return data


def key_of(text: str) -> Key:
    """Read the studio's key. Raises: ValueError saying what would do, without repeating the text"""
    try:
        return ec.derive_private_key(int.from_bytes(decoded(text, 32), "big"), CURVE)
    except ValueError:
        raise ValueError("give 32 random bytes in base64url, as secrets.token_urlsafe(32) makes them") from None


def point_of(key: Key) -> bytes:
    """Give the public half of a key."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def sealed(message: bytes, point: str, secret: str, *, own: Key | None = None, salt: bytes = b"") -> bytes:
    """Encrypt a message for the browser that gave `point` and `secret`; `own` and `salt` are new for each.

    Raises: ValueError where these two are none
    """
    theirs, own, salt = decoded(point, 65), own or ec.generate_private_key(CURVE), salt or os.urandom(16)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
    material = derived(shared, decoded(secret, 16), b"WebPush: info\0" + theirs + point_of(own), 32)
    key = derived(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = derived(material, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack("!IB", RECORD, 65) + point_of(own)
    return head + AESGCM(key).encrypt(nonce, message + LAST, None)


def derived(material: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    return HKDF(SHA256(), size, salt, info).derive(material)


def authorization(key: Key, service: str, sender: str, until: int) -> str:
    """Tell a push service who sends, signed: `sender` is where its people may write to, `until` a second."""
    claims = {"aud": service, "exp": until, "sub": sender}
    text = ".".join(encoded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    pair = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(SHA256())))
    signature = b"".join(number.to_bytes(32, "big") for number in pair)
    return f"vapid t={text}.{encoded(signature)}, k={encoded(point_of(key))}"
