# In place of gcr.io/distroless/cc-debian12:nonroot: the C library, as of Debian.
FROM userstream-stand-in/bookworm
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libgcc-s1 libstdc++6
USER 65532:65532
