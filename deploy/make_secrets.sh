#!/bin/sh
# Makes deploy/secrets for compose.yaml, with fresh random secrets. Leaves alone what is there already.
set -eu
cd "$(dirname "$0")"
umask 077
openssl version >/dev/null
mkdir -p secrets tls
cd secrets
[ -e postgres_password ] || openssl rand -hex 24 | tr -d '\n' >postgres_password
[ -e secrets.toml ] || cat >secrets.toml <<END
[simkeeper]
database_url = "postgresql://simkeeper:$(cat postgres_password)@postgres/simkeeper"
public_url = "https://cards.example.org"
base_url = "https://cards.example.org"

[simkeeper.people]
allow = ["you@example.org"]

[auth]
cookie_secret = "$(openssl rand -hex 32)"
client_id = ""
client_secret = ""
server_metadata_url = ""
END
# The containers read them as a user of their own; the directory keeps everybody else on this machine out.
chmod 644 postgres_password secrets.toml
chmod 700 .
echo "deploy/secrets is there. Fill in public_url, base_url, allow and the three empty lines of secrets.toml."
