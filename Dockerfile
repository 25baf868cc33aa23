# scimconf with pinned dependencies: docker build --tag scimconf .
# The base image is not pinned here. Pin yours: --build-arg PYTHON=python@sha256:…
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
WORKDIR /build
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY ci ci
COPY scimconf scimconf
RUN python -m venv /scimconf \
 && /scimconf/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt hatchling \
 && /scimconf/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt --no-build-isolation ".[keyvault,rehearsal]" \
 && /scimconf/bin/python -m compileall -q -j 0 /scimconf/lib

FROM ${PYTHON}
RUN useradd --create-home --uid 10001 scimconf
COPY --from=build /scimconf /scimconf
ENV PATH=/scimconf/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/scimconf
ENTRYPOINT ["scimconf"]
CMD ["--help"]
