"""An OpenID Connect provider on a real socket, with switches for everything that can be wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
CLIENT, SECRET = "sopwright-client", "a client secret: with / odd % characters"


@dataclass
class FakeProvider:
    """``claims`` goes over the ID token's own, ``userinfo`` is what that endpoint says besides ``sub``; ``metadata`` over the description."""

    now: Callable[[], float]
    url: str = ""
    key: RSAKey | ECKey = field(default_factory=lambda: KEY)
    algorithm: str = "RS256"
    published: list[dict[str, Any]] | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    subject: str = "subject-1"
    down: bool = False
    token: str | None = None
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def approve(self, location: str, **more: str) -> str:
        """What a person's browser does at the provider: the address that it is sent back to."""
        question = {k: v[0] for k, v in parse_qs(urlsplit(location).query).items()}
        assert question["response_type"] == "code"
        assert question["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = question
        extra = "".join(f"&{k}={v}" for k, v in more.items())
        return f"{urlsplit(question['redirect_uri']).path}?code={code}&state={question['state']}{extra}"

    def answer(self, method: str, path: str, headers: Any, body: str) -> tuple[int, dict[str, Any]]:
        form = {k: v[0] for k, v in parse_qs(body).items()}
        self.seen.append((method, path, form))
        if self.down:
            return 503, {"error": "down"}
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys", "userinfo_endpoint": f"{self.url}/userinfo", **self.metadata,
            }  # fmt: skip
        if path == "/keys":
            return 200, {"keys": self.published if self.published is not None else [self.key.as_dict(private=False)]}
        if path == "/token":
            return self._token(headers.get("Authorization", ""), form)
        if path == "/userinfo" and headers.get("Authorization") == "Bearer access":
            return 200, {"sub": self.subject, **self.userinfo}
        return 404, {}

    def _token(self, authorization: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if authorization:
            client, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            client, secret = unquote(client), unquote(secret)
        else:
            client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if (client, secret) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        question = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if question is None or question["code_challenge"] != challenge or question["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        now = int(self.now())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": self.subject,
            "nonce": question["nonce"],
            "iat": now,
            "exp": now + 300,
            **self.claims,
        }
        claims = {k: v for k, v in claims.items() if v is not None}
        kid = {"kid": self.key.kid} if self.key.kid else {}
        token = self.token or jwt.encode({"alg": self.algorithm, **kid, **self.header}, claims, self.key, algorithms=[self.algorithm])
        return 200, {"id_token": token, "access_token": "access", "token_type": "Bearer"}


@contextmanager
def provider(now: Callable[[], float] = time.time) -> Iterator[FakeProvider]:
    fake = FakeProvider(now=now)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if self.path.startswith("/authorize?"):  # a person who says yes at once
                origin = parse_qs(urlsplit(self.path).query)["redirect_uri"][0].removesuffix("/signin/oidc/callback")
                self.send_response(302)
                self.send_header("Location", origin + fake.approve(self.path))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            status, value = fake.answer(self.command, self.path, self.headers, body)
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = _serve  # noqa: N815 - the names that the server looks for
        do_POST = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
