# Two images. The last stage has service and load generator: the command picks `service` (the default) or `loadtest`
# (see deploy/entrypoint). The stage `generator` has the load generator alone.
FROM docker.io/library/python:3.11-slim AS generator-packages
WORKDIR /app
RUN python3 -m venv --without-pip /opt/venv
COPY requirements-generator.txt deploy/sbom.py ./
RUN python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-generator.txt && \
    /opt/venv/bin/python sbom.py > /opt/venv/sbom.cdx.json

FROM generator-packages AS packages
COPY requirements.txt ./
RUN python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt && \
    /opt/venv/bin/python sbom.py > /opt/venv/sbom.cdx.json
COPY service service
# Training ends with the profile gate: a model that misses its own objective makes no image.
RUN /opt/venv/bin/python -m service.training

FROM scratch AS code
COPY pyproject.toml LICENSE /app/
COPY deploy/entrypoint deploy/healthcheck /app/deploy/
COPY capacity /app/capacity
COPY configuration /app/configuration
COPY shapes /app/shapes
COPY reports /app/reports
COPY autoscaling /app/autoscaling
COPY loadtests /app/loadtests

FROM docker.io/library/python:3.11-slim AS base
WORKDIR /app
# Nothing is written below /app: the root file system may be read-only. Load tests want /tmp and a volume for --out.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib
USER 10001:10001
ENTRYPOINT ["/app/deploy/entrypoint"]
LABEL org.opencontainers.image.authors="The model-load-tests authors" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11-slim"

FROM base AS generator
COPY --from=generator-packages /opt/venv /opt/venv
COPY --from=code /app /app
CMD ["loadtest", "--help"]

ARG CREATED=1970-01-01T00:00:00Z
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="Model load tests: the load generator" \
      org.opencontainers.image.description="Load tests that judge a model service" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.source="$SOURCE" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

FROM base
COPY --from=packages /opt/venv /opt/venv
COPY --from=packages /app/models models
COPY --from=code /app /app
COPY service service
ENV PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
    CMD ["/app/deploy/healthcheck"]
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
      org.opencontainers.image.revision="$REVISION"
