# In place of postgres:17-bookworm: Debian's PostgreSQL with what the official image's start does for us.
FROM userstream-stand-in/bookworm
RUN apt-get update && apt-get install -y --no-install-recommends postgresql && mkdir -p /var/lib/postgresql/data && \
    chown postgres /var/lib/postgresql/data && ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/ || true
COPY postgres-start /usr/local/bin/start
USER postgres
VOLUME /var/lib/postgresql/data
ENTRYPOINT ["/usr/local/bin/start"]
