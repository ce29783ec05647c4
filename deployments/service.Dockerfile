# The service alone: neither TensorFlow nor Prefect. Built from the checkout's root:
#   docker build --file deployments/service.Dockerfile --tag casebook-service .
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY deployments/locks/serving.lock /tmp/
RUN python3 -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes --requirement /tmp/serving.lock \
    && /venv/bin/pip uninstall --yes --quiet pip

FROM ${BASE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home casebook \
    && install --directory --owner casebook --group casebook /artifacts
COPY --from=build /venv /venv
WORKDIR /casebook
COPY casebook casebook
COPY serving serving
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    CASEBOOK_ARTIFACTS=/artifacts
USER 10001:10001
EXPOSE 9000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:9000/health/live', timeout=4)"]
ENTRYPOINT ["python", "-m", "serving", "--host", "0.0.0.0"]
