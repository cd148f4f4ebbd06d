# syntax=docker/dockerfile:1
# The engine, and nothing else: no shell, no package manager, not root, and it writes to its data folder only.
#
#   deploy/scripts/ci/build-image.sh gridos:dev
#   docker run --read-only --volume gridos:/var/lib/gridos --volume ./gridos.toml:/etc/gridos/gridos.toml:ro gridos:dev
#
# On glibc, not musl: the tests run against Debian 12's, so what was tested is what runs; names are resolved as everywhere
# else (musl asks all servers at once and ignores most options); and a scanner sees the packages. It costs 20 MB.
# mimalloc and SQLite are compiled in, TLS is Rust's: the binary needs libc, libm and libgcc_s, which the image has.

FROM rust:1.95.0-bookworm AS toolchain
WORKDIR /src
RUN cargo install --locked --version 0.1.78 cargo-chef && cargo install --locked --version 0.7.7 cargo-auditable
# No path of this machine gets into the binary, and no date but that of the commit.
ENV CARGO_INCREMENTAL=0 \
    RUSTFLAGS="--remap-path-prefix=/src=/gridos --remap-path-prefix=/usr/local/cargo=/cargo -C strip=symbols" \
    CFLAGS="-ffile-prefix-map=/src=/gridos -ffile-prefix-map=/usr/local/cargo=/cargo"

# What the dependencies are: it changes when they do, and not with each line of the engine.
FROM toolchain AS plan
COPY Cargo.toml Cargo.lock rust-toolchain.toml ./
COPY crates crates
COPY benches benches
RUN cargo chef prepare --recipe-path /recipe.json --bin gridos

FROM toolchain AS build
COPY rust-toolchain.toml ./
COPY --from=plan /recipe.json /recipe.json
RUN cargo chef cook --release --locked --package gridos --bin gridos --recipe-path /recipe.json
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY benches benches
COPY deploy/analysis deploy/analysis
COPY deploy/rollout/steps.yaml deploy/rollout/steps.yaml
ARG SOURCE_DATE_EPOCH=0
# cargo auditable writes the list of crates into the binary: scanners know by it what an image in a registry is made of.
RUN cargo auditable build --release --locked --package gridos --bin gridos \
    && install -D --mode=0755 target/release/gridos /image/usr/bin/gridos \
    && install --directory --owner=65532 --group=65532 --mode=0750 /image/var/lib/gridos \
    && find /image -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="GridOS" \
    org.opencontainers.image.description="SCADA telemetry engine: Modbus TCP, DNP3 and HTTP in, PostgreSQL out" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot"
COPY --from=build /image/ /
USER 65532:65532
WORKDIR /var/lib/gridos
EXPOSE 8080
STOPSIGNAL SIGTERM
# checkov:skip=CKV_DOCKER_2: Kubernetes asks /health/live and /health/ready; a check in here would need a shell or a token.
ENTRYPOINT ["/usr/bin/gridos"]
CMD ["run", "/etc/gridos/gridos.toml"]
