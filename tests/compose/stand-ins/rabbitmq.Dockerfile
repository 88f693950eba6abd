# In place of rabbitmq:4-management: Debian's RabbitMQ, with the user that the variables name.
FROM userstream-stand-in/bookworm
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d && \
    apt-get update && apt-get install -y --no-install-recommends rabbitmq-server && rm -rf /var/lib/rabbitmq/*
COPY rabbitmq-start /usr/local/bin/start
VOLUME /var/lib/rabbitmq
ENTRYPOINT ["/usr/local/bin/start"]
