"""The larger deployment: its instance, its templates, and the code location that research grows from."""
