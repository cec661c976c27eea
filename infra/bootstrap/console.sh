#!/usr/bin/env bash
# Turns a fresh Amazon Linux into a console behind the load balancer (web.yaml); it has no terminal and opens no desk.
# console.sh SOURCE REGION CACHE_ENDPOINT BUCKET
set -euo pipefail
source=$1 region=$2 cache=$3 bucket=$4

useradd --system --create-home --home-dir /var/lib/axia axia
python3.11 -m venv /opt/axia/.venv
/opt/axia/.venv/bin/python -m pip install --quiet --compile --constraint "$source/constraints.txt" --editable "$source[console]"

cat >/opt/axia/environment <<EOF
AWS_DEFAULT_REGION=$region
AXIA_BUCKET=$bucket
AXIA_HOME=/var/lib/axia/state
AXIA_CONSOLE_HOST=0.0.0.0
AXIA_CLOUDWATCH=true
CACHE_ENDPOINT=$cache
EOF

# Secrets are read at each start. The secret TSS/web/oidc has the keys of Streamlit's [auth] section; who may look and trade is
# AXIA_CONSOLE_VIEWERS and AXIA_CONSOLE_TRADERS, which a person adds to the environment file.
cat >/opt/axia/start.py <<'EOF'
import json
import os
import runpy
from pathlib import Path

import boto3

secrets = boto3.client("secretsmanager")


def value(name: str) -> str:
    return secrets.get_secret_value(SecretId=name)["SecretString"]


folder = Path.home() / ".streamlit"
folder.mkdir(mode=0o700, exist_ok=True)
lines = [f"{key} = {json.dumps(text)}" for key, text in json.loads(value("TSS/web/oidc")).items()]
(folder / "secrets.toml").write_text("[auth]\n" + "\n".join(lines) + "\n", encoding="utf-8")
os.environ["AXIA_REDIS_URL"] = f"rediss://:{value('TSS/redis/auth')}@{os.environ.pop('CACHE_ENDPOINT')}:6379/0"
runpy.run_module("axia_console", run_name="__main__")
EOF

cat >/etc/systemd/system/axia-console.service <<EOF
[Unit]
Description=AXIA console
After=network-online.target

[Service]
User=axia
UMask=0077
WorkingDirectory=$source
EnvironmentFile=/opt/axia/environment
ExecStart=/opt/axia/.venv/bin/python /opt/axia/start.py
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
systemctl enable --now axia-console
