"""Dagster from outside, over its webserver's GraphQL, for the `axia` command and the console."""
