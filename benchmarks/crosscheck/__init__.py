"""Second opinions: the same load by this suite, wrk and k6, side by side."""
