"""Which certificate authorities are trusted."""

from __future__ import annotations

import ssl
from typing import Any

from requests.adapters import HTTPAdapter


class SystemTrust(HTTPAdapter):
    """Trusts the certificate authorities of OpenSSL, as the load does, not those that requests brings."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pool of connections with a context of the standard library."""
        super().init_poolmanager(*arguments, ssl_context=ssl.create_default_context(), **options)

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Add no authorities; the SSL context verifies the certificate and the host name."""
