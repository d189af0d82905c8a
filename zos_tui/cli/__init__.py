"""The `zos` command: thin, one sub-command a module; what runs without the desktop imports no Textual."""
