# One image, two parts: its command picks `service` (the default) or `loadtest` (see deploy/entrypoint).
FROM docker.io/library/python:3.11-slim AS build
WORKDIR /app
RUN python3 -m venv /opt/venv
COPY requirements.txt ./
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY service service
# Training ends with the profile gate: a model that misses its own objective makes no image.
RUN /opt/venv/bin/python -m service.training

FROM docker.io/library/python:3.11-slim
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY pyproject.toml LICENSE ./
COPY --from=build /app/models models
COPY deploy/entrypoint deploy/healthcheck deploy/
COPY service service
COPY configuration configuration
COPY shapes shapes
COPY reports reports
COPY loadtests loadtests
# Nothing is written below /app: the root file system may be read-only. Load tests want /tmp and a volume for --out.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    PORT=8000
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
    CMD ["/app/deploy/healthcheck"]
ENTRYPOINT ["/app/deploy/entrypoint"]
CMD ["service"]

ARG CREATED=1970-01-01T00:00:00Z
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="Model load tests" \
      org.opencontainers.image.description="A model service and the load tests that judge it" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11-slim"
