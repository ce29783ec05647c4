# What runs flows: the worker, and from the same image Prefect's server. Built from the checkout's root:
#   docker build --file deployments/worker.Dockerfile --tag casebook-worker .
#   docker build --file deployments/worker.Dockerfile --tag casebook-worker-gpu --build-arg LOCK=gpu .
ARG BASE=debian:trixie-slim

FROM ${BASE} AS build
ARG LOCK=cpu
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY deployments/locks/${LOCK}.lock /tmp/
# without what only compiles against TensorFlow, 430 MB
RUN python3 -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes --requirement /tmp/${LOCK}.lock \
    && /venv/bin/pip uninstall --yes --quiet pip \
    && rm -rf /venv/lib/python3*/site-packages/tensorflow/include

FROM ${BASE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home casebook \
    && install --directory --owner casebook --group casebook /artifacts /raw /prefect
COPY --from=build /venv /venv
WORKDIR /casebook
COPY . .
ARG CODE_VERSION=unknown
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    DO_NOT_TRACK=1 \
    ORT_DISABLE_TELEMETRY=1 \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    PREFECT_UI_STATIC_DIRECTORY=/tmp/ui \
    CASEBOOK_ARTIFACTS=/artifacts \
    CASEBOOK_RAW=/raw \
    CASEBOOK_CODE_VERSION=${CODE_VERSION}
USER 10001:10001
CMD ["python", "-m", "prefect", "worker", "start", "--pool", "local", "--type", "process", "--with-healthcheck"]
