"""A small OpenID Connect provider: it vouches for whoever a test says, over HTTP, with signed tokens."""

from __future__ import annotations

import json
import secrets
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "studio", "between us"


class Issuer:
    """Serve on a free port until closed. `claims` is who signs in next; without any, they turn back."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.audience = CLIENT
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def discovery(self) -> dict[str, Any]:
        places = {f"{name}_endpoint": f"{self.address}/{name}" for name in ("authorization", "token", "userinfo")}
        return {"issuer": self.address, "jwks_uri": f"{self.address}/jwks", **places}

    def authorized(self, asked: dict[str, str]) -> str:
        """Give the address to go back to."""
        if not self.claims:
            return f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked['state']})}"
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, sent: dict[str, str], client: str) -> dict[str, Any] | None:
        """Give tokens for a code, once, to the client that knows the secret and began the way."""
        asked = self.codes.pop(sent.get("code", ""), None)
        proof = urlsafe_b64encode(sha256(sent.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if asked is None or client != f"{CLIENT}:{SECRET}" or asked["code_challenge"] != proof:
            return None
        now, access = int(time.time()), secrets.token_urlsafe()
        self.tokens[access] = self.claims
        claims = {"iss": self.address, "aud": self.audience, "iat": now, "exp": now + 60, **self.claims}
        signed = jwt.encode(claims, self.key, "RS256", headers={"kid": "1"})
        return {"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": signed}

    def jwks(self) -> dict[str, Any]:
        return {"keys": [{**RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True), "kid": "1", "alg": "RS256"}]}


def handler_of(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            place = urlsplit(self.path)
            match place.path:
                case "/.well-known/openid-configuration":
                    self.say(issuer.discovery())
                case "/jwks":
                    self.say(issuer.jwks())
                case "/userinfo":
                    self.say(issuer.tokens.get(self.headers["authorization"].removeprefix("Bearer ")))
                case "/authorization":
                    self.send_response(302)
                    self.send_header("location", issuer.authorized(plain(place.query)))
                    self.end_headers()
                case _:
                    self.say(None)

        def do_POST(self) -> None:
            sent = plain(self.rfile.read(int(self.headers["content-length"])).decode())
            basic = b64decode(self.headers.get("authorization", "").removeprefix("Basic ")).decode()
            self.say(issuer.token(sent, basic or f"{sent.get('client_id')}:{sent.get('client_secret')}"))

        def say(self, document: dict[str, Any] | None) -> None:
            self.send_response(400 if document is None else 200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document or {"error": "invalid_request"}).encode())

    return Handler


def plain(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
