"""A cross-check of this suite: the same load by this suite, wrk and k6, compared."""
