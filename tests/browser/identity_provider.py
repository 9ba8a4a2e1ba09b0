"""A small OpenID Connect provider that the tests own: discovery, a page to choose who one is, tokens signed with RS256, sign-out.

As the specifications have it (OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636), and as strict as one in earnest: a code is good
once, and for the client, the address and the verifier it was asked with.
"""

import base64
import hashlib
import secrets
import time
from html import escape
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "simkeeper", "a secret of the client"


class IdentityProvider:
    """``people``: claims of those who can be chosen, by address. ``challenges``: the PKCE methods seen. ``ended``: sign-outs."""

    def __init__(self, people: dict[str, dict[str, Any]]) -> None:
        self.people = people
        self.challenges: list[str] = []
        self.ended: list[str] = []
        self.url = ""
        self._key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/choose", self._choose),
                Route("/token", self._token, methods=["POST"]),
                Route("/end", self._end),
                Route("/favicon.ico", lambda _: Response(status_code=204)),
            ]
        )

    async def _discovery(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "end_session_endpoint": f"{self.url}/end",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def _keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if asked.get("client_id") != CLIENT or asked.get("response_type") != "code":
            return Response("unknown client", 400)
        self.challenges.append(asked.get("code_challenge_method", "none"))
        links = (f'<p><a href="/choose?{escape(urlencode({**asked, "who": who}))}">{escape(who)}</a></p>' for who in self.people)
        return HTMLResponse(f'<html lang="en"><title>Who are you?</title><h1>Who are you?</h1>{"".join(links)}</html>')

    async def _choose(self, request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '+')}".encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") not in {f"Basic {basic}", f"Basic {plain}"}:
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form.get("code", ""), None)
        verifier = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"] or verifier != asked.get("code_challenge"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": asked["who"], "iat": now, "exp": now + 300, "nonce": asked.get("nonce")}
        token = jwt.encode({"alg": "RS256", "kid": "1"}, {**claims, **self.people[asked["who"]]}, self._key)
        return JSONResponse({"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 300, "id_token": token})

    async def _end(self, request: Request) -> Response:
        self.ended.append(request.query_params.get("client_id", ""))
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 302)
