# One image for all functions; template.yaml names each one's command. Lambda's own Python image lacks git and
# ssh-keygen, which reading and verifying the environment repo needs.
FROM python:3.12-slim-bookworm

RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv==0.13.8

WORKDIR /var/task
ENV UV_PROJECT_ENVIRONMENT=/opt/venv UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-cache --no-default-groups --group lambda --no-install-project
COPY reconciler reconciler
COPY handlers handlers
RUN /opt/venv/bin/python -m compileall -q reconciler handlers

# Lambda's file system is read-only but for /tmp, and git wants a home.
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/var/task HOME=/tmp
ENTRYPOINT ["/opt/venv/bin/python", "-m", "awslambdaric"]
