# In place of axllent/mailpit: takes every e-mail, and answers the part of Mailpit's API that the test asks.
FROM userstream-stand-in/bookworm
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-aiosmtpd
COPY mailpit /mailpit
ENTRYPOINT ["/mailpit"]
