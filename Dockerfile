# syntax=docker/dockerfile:1
ARG PYTHON=3.13-slim-bookworm

FROM python:${PYTHON} AS packages
WORKDIR /app
ENV PIP_NO_CACHE_DIR=1
COPY manage.py pyproject.toml constraints.txt ./
COPY evbalancer/__init__.py evbalancer/bootstrap.py evbalancer/
# The same pinned installation as on a developer's machine, into /app/.venv.
RUN python -m evbalancer.bootstrap runtime

FROM python:${PYTHON}
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=evbalancer.settings
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin evbalancer
COPY --from=packages /app/.venv .venv
COPY . .
# The settings want a key even to collect files; this one reaches neither the image's environment nor a server.
# Without bytecode every start would compile the project anew, and the server may not write it.
RUN python -m compileall -q manage.py evbalancer drivers fleet grid scheduling pricing chargers \
    && SECRET_KEY=only-for-collecting-static-files python manage.py collectstatic --noinput \
    && rm -rf var && install --directory --owner=evbalancer --group=evbalancer --mode=0750 var
USER evbalancer
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]
