# scimconf from its wheel, with pinned dependencies, for linux/amd64 and linux/arm64: docker build --tag scimconf .
# The base image is not pinned here. Pin yours: --build-arg PYTHON=python@sha256:…
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
WORKDIR /build
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY ci ci
COPY scimconf scimconf
RUN pip install --no-cache-dir --constraint constraints.txt hatchling \
 && pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel . \
 && python -m venv /scimconf \
 && /scimconf/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt "$(ls /wheel/*.whl)[blob,keyvault,rehearsal]" \
 && /scimconf/bin/python -m compileall -q -j 0 /scimconf/lib

FROM ${PYTHON}
RUN useradd --create-home --uid 10001 scimconf
COPY --from=build /scimconf /scimconf
ENV PATH=/scimconf/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/scimconf
ENTRYPOINT ["scimconf"]
CMD ["--help"]
