"""How a service wants to be told who asks: headers, or a login before the first request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from loadtests.scaffolding.sketch import EndpointSketch

USER: Final = "SERVICE_USER"
PASSWORD: Final = "SERVICE_PASSWORD"  # noqa: S105 - the name of a variable
TOKEN: Final = "SERVICE_TOKEN"  # noqa: S105
BASIC: Final = "SERVICE_BASIC_CREDENTIALS"
BEARER: Final = {"Authorization": "Bearer {token}"}
_LOGIN_PATH: Final = re.compile(r"(log-?in|sign-?in|token|auth(enticate)?|sessions?)$", re.IGNORECASE)
_TOKENS: Final = ("access_token", "token", "id_token", "jwt")


@dataclass(frozen=True)
class SecurityNeeds:
    """Headers that an operation needs, and what can't be given."""

    headers: Mapping[str, str] = field(default_factory=dict)
    guesses: tuple[str, ...] = ()


def find_login(
    schemes: Mapping[str, Any], sketches: Iterable[EndpointSketch], document_path: str
) -> EndpointSketch | None:
    """The request that gives a token: of the OAuth2 password flow, or one that looks like a login."""
    for scheme in schemes.values():
        flow = scheme.get("flows", {}).get("password") if scheme.get("type") == "oauth2" else None
        if flow is not None:
            return _sketch_password_flow(flow, document_path)
    if not any(_is_bearer(each) for each in schemes.values()):
        return None
    return next(filter(None, map(_read_as_login, sketches)), None)


def _is_bearer(scheme: Mapping[str, Any]) -> bool:
    return scheme.get("type") == "http" and str(scheme.get("scheme", "")).lower() == "bearer"


def _sketch_password_flow(flow: Mapping[str, Any], document_path: str) -> EndpointSketch:
    """RFC 6749, 4.3: a form with grant_type, username and password, answered with access_token."""
    address = urlsplit(urljoin(document_path, str(flow.get("tokenUrl", "token"))))
    path = f"/{address.path.lstrip('/')}"
    fields: dict[str, Any] = {
        "grant_type": {"constant": "password"},
        "username": {"constant": f"${{{USER}}}"},
        "password": {"constant": f"${{{PASSWORD}}}"},
    }
    if flow.get("scopes"):
        fields["scope"] = {"constant": " ".join(flow["scopes"])}
    return EndpointSketch(
        name="login",
        method="POST",
        path=path,
        payload={"fields": fields, "encoding": "form"},
        take={"token": "access_token"},
        guesses=(f"users log in at {path} with {USER} and {PASSWORD} of the environment",),
    )


def _read_as_login(sketch: EndpointSketch) -> EndpointSketch | None:
    """The endpoint as a login, if it takes a password at a telling path and returns a token."""
    if sketch.method != "POST" or not _LOGIN_PATH.search(sketch.path):
        return None
    sent = _list_properties(sketch.payload_schema)
    token = next((name for name in _TOKENS if name in _list_properties(sketch.reply_schema)), None)
    password = next((name for name in sent if "passw" in name.lower()), None)
    user = next((name for name in sent if name != password), None)
    if token is None or password is None or user is None:
        return None
    fields = {user: {"constant": f"${{{USER}}}"}, password: {"constant": f"${{{PASSWORD}}}"}}
    encoding = {key: value for key, value in (sketch.payload or {}).items() if key == "encoding"}
    return EndpointSketch(
        name="login",
        method="POST",
        path=sketch.path,
        payload={"fields": fields, **encoding},
        take={"token": token},
        guesses=(f"{sketch.path} looks like a login: {USER} and {PASSWORD} of the environment are sent",),
    )


def _list_properties(schema: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The properties of an object, whether they stand in place or behind one reference."""
    if schema is None:
        return {}
    reference = str(schema.get("$ref", ""))
    if reference.startswith("#/$defs/"):
        schema = schema.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
    properties: Mapping[str, Any] = schema.get("properties", {})
    return properties


def read_needs(
    wanted: Iterable[Mapping[str, Any]] | None, schemes: Mapping[str, Any], login: EndpointSketch | None
) -> SecurityNeeds:
    """What a request needs: `wanted` are alternatives, each of which names schemes; {} is none at all."""
    alternatives = list(wanted or [])
    if not alternatives or {} in alternatives:
        return SecurityNeeds()
    headers: dict[str, str] = {}
    guesses: list[str] = []
    for name in alternatives[0]:
        scheme = schemes.get(name, {})
        made = _make_header(scheme, login)
        if made is None:
            guesses.append(f"the security scheme {name!r} ({_describe(scheme)}) is not filled in: add it")
        else:
            headers |= made
    return SecurityNeeds(headers, tuple(guesses))


def _make_header(scheme: Mapping[str, Any], login: EndpointSketch | None) -> dict[str, str] | None:
    name = str(scheme.get("name", ""))
    match scheme.get("type"), scheme.get("in"), str(scheme.get("scheme", "")).lower():
        case "apiKey", "header", _:
            return {name: f"${{{_name_variable(name)}}}"}
        case "apiKey", "cookie", _:
            return {"Cookie": f"{name}=${{{_name_variable(name)}}}"}
        case "http", _, "basic":
            return {"Authorization": f"Basic ${{{BASIC}}}"}
        case ("http", _, "bearer") | ("oauth2" | "openIdConnect", _, _):
            return dict(BEARER) if login else {"Authorization": f"Bearer ${{{TOKEN}}}"}
    return None


def _name_variable(name: str) -> str:
    return re.sub(r"\W+|-", "_", name, flags=re.ASCII).strip("_").upper() or TOKEN


def _describe(scheme: Mapping[str, Any]) -> str:
    return " in ".join(str(scheme[key]) for key in ("type", "in") if key in scheme) or "not described"
