"""`python -m axia_cli`: the `axia` command where no script directory is on the path."""

from axia_cli.main import app

app(prog_name="axia")
