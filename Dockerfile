# The same as on any machine: the wheel with the pinned versions, then `rag setup`. See docs/install.md for how to
# run it. It was written without a container at hand.
#
#   docker build --build-arg TORCH_INDEX=ADDRESS -t rag-articles .

FROM python:3.11-slim AS wheel
WORKDIR /source
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheel .

FROM python:3.11-slim
# clang builds the engine: GCC 12 makes one that crashes at its first prompt on a CPU with AMX.
RUN apt-get update \
    && apt-get install -y --no-install-recommends clang libomp-dev make git \
    && rm -rf /var/lib/apt/lists/*

# A user of its own, and an environment that this user may write to: `rag setup` installs the engine into it.
RUN useradd --create-home --uid 1000 rag && mkdir /data && chown rag /data
USER rag
ENV VIRTUAL_ENV=/home/rag/venv PATH=/home/rag/venv/bin:$PATH RAG_HOME=/data
RUN python -m venv "$VIRTUAL_ENV"

COPY --from=wheel /wheel /tmp/wheel
COPY requirements.lock /tmp/requirements.lock
# PyTorch's CPU build first: without it pip takes several GB of CUDA packages. Its address is the one that "Start
# locally" on pytorch.org shows: docker build --build-arg TORCH_INDEX=ADDRESS …
ARG TORCH_INDEX
RUN pip install --no-cache-dir torch==2.13.0 ${TORCH_INDEX:+--index-url "$TORCH_INDEX"}
RUN pip install --no-cache-dir --constraint /tmp/requirements.lock /tmp/wheel/*.whl

# The models and the engine, built for the CPU that builds the image. `rag setup` at the start of a container tries
# it on the CPU there, builds another where it does not run, and fetches nothing that is in the volume.
RUN rag setup

VOLUME /data
EXPOSE 7860
# Beyond the machine itself the chat opens only with --auth: whoever reaches the port must have a name and a password.
CMD ["sh", "-c", "rag setup && exec rag chat /articles --host 0.0.0.0 --auth /data/users"]
