# One image for all of Hub's processes; docker-compose.yml says which container runs what.
FROM python:3.11-slim AS build

WORKDIR /srv/hub
RUN python -m venv /opt/hub
# The packages change less often than the code: a layer of their own.
COPY requirements.lock ./
RUN /opt/hub/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY hub hub
COPY workers workers
COPY connectors connectors
COPY api api
COPY ops ops
RUN /opt/hub/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim

RUN useradd --system --create-home --home-dir /var/lib/hub --uid 10001 hub
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/hub/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HUB_DATA_DIR=/var/lib/hub/data \
    HUB_HOST=0.0.0.0
WORKDIR /var/lib/hub
USER hub
RUN mkdir -m 711 data
VOLUME /var/lib/hub/data
EXPOSE 8080
# Without another command it is the whole of Hub in one container, with embedded stores.
CMD ["hub", "up"]
