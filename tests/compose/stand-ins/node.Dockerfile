# In place of node:22-bookworm-slim: this machine's own Node.
FROM userstream-stand-in/bookworm
RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 libatomic1
COPY authorities.crt /etc/ssl/certs/ca-certificates.crt
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && node --version && npm --version
