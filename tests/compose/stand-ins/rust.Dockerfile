# In place of rust:1.95-bookworm: this machine's own toolchain.
FROM userstream-stand-in/bookworm
RUN apt-get update && apt-get install -y --no-install-recommends gcc g++ libc6-dev make ca-certificates pkg-config
COPY authorities.crt /etc/ssl/certs/ca-certificates.crt
COPY toolchain /usr/local/rust
ENV PATH=/usr/local/rust/bin:$PATH CARGO_HOME=/usr/local/cargo
