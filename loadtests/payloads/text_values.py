"""Texts that look like what a field's name, format or pattern promises."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Final

from faker import Faker
from rstr import Rstr

FORMATS: Final[Mapping[str, Callable[[Faker], str]]] = {
    "date-time": lambda fake: fake.date_time_this_decade().isoformat() + "Z",
    "date": lambda fake: fake.date_this_decade().isoformat(),
    "time": lambda fake: fake.time() + "Z",
    "duration": lambda fake: f"PT{fake.random_int(1, 59)}M",
    "email": lambda fake: fake.safe_email(),
    "idn-email": lambda fake: fake.safe_email(),
    "hostname": lambda fake: fake.hostname(),
    "ipv4": lambda fake: fake.ipv4(),
    "ipv6": lambda fake: fake.ipv6(),
    "uri": lambda fake: fake.uri(),
    "url": lambda fake: fake.uri(),
    "uri-reference": lambda fake: fake.uri_path(),
    "uuid": lambda fake: str(fake.uuid4()),
    "byte": lambda fake: base64.b64encode(fake.sentence().encode()).decode(),
    "json-pointer": lambda fake: f"/{fake.word()}",
    "password": lambda fake: fake.password(),
    "regex": lambda _: "[a-z]+",
}
"""Texts by the `format` of a JSON schema (2020-12, section 7.3) and of OpenAPI."""

_NAMES: Final[tuple[tuple[str, Callable[[Faker], str]], ...]] = (
    (r"e_?mail", lambda fake: fake.safe_email()),
    (r"first_?name|given_?name|forename", lambda fake: fake.first_name()),
    (r"last_?name|surname|family_?name", lambda fake: fake.last_name()),
    (r"user_?name|login|nick_?name", lambda fake: fake.user_name()),
    (r"company|employer|organi[sz]ation", lambda fake: fake.company()),
    (r"phone|mobile|telephone", lambda fake: fake.phone_number()),
    (r"zip|postal|post_?code", lambda fake: fake.postcode()),
    (r"street|address", lambda fake: fake.street_address()),
    (r"city|town", lambda fake: fake.city()),
    (r"country_?code", lambda fake: fake.country_code()),
    (r"country", lambda fake: fake.country()),
    (r"state|province", lambda fake: fake.state()),
    (r"currency", lambda fake: fake.currency_code()),
    (r"iban", lambda fake: fake.iban()),
    (r"job|occupation|profession", lambda fake: fake.job()),
    (r"url|uri|link|website", lambda fake: fake.uri()),
    (r"(^|_)ip($|_)", lambda fake: fake.ipv4()),
    (r"uuid|guid", lambda fake: str(fake.uuid4())),
    (r"colou?r", lambda fake: fake.color_name()),
    (r"locale|language", lambda fake: fake.language_code()),
    (r"timestamp|_at$|date_?time", lambda fake: fake.date_time_this_decade().isoformat() + "Z"),
    (r"date|birthday|(^|_)dob$", lambda fake: fake.date_this_decade().isoformat()),
    (r"text|comment|review|prompt|message|description|query|question|sentence", lambda fake: fake.sentence()),
    (r"title|subject|headline", lambda fake: fake.catch_phrase()),
    (r"(^|_)id$", lambda fake: fake.bothify("??######").lower()),
    (r"name", lambda fake: fake.name()),
)
"""Texts by what the name of a field contains, the first that fits."""


def make_text(fake: Faker, name: str, form: str | None = None) -> str:
    """A text for a field with a `name`, and perhaps a `format` of JSON schema."""
    if form is not None and form in FORMATS:
        return FORMATS[form](fake)
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\s.-]+", "_", name).lower()
    for pattern, make in _NAMES:
        if re.search(pattern, words):
            return make(fake)
    return fake.word()


def make_matching(fake: Faker, pattern: str) -> str:
    """A text that a regular expression matches; ValueError for one that can't be followed."""
    try:
        text = Rstr(fake.random).xeger(pattern)
    except (re.error, KeyError, NotImplementedError, TypeError) as error:
        raise ValueError(f"no text can be made of the pattern {pattern!r}: {error}") from None
    return str(text)


def fit_length(fake: Faker, text: str, least: int, most: int | None) -> str:
    """The text, cut or extended to a length from `least` to `most`."""
    while len(text) < least:
        text = f"{text} {fake.word()}" if text else fake.word()
        if most is not None and len(text) > most:
            text = text[:most]
    return text if most is None or len(text) <= most else text[:most].rstrip().ljust(min(least, most), "x")
