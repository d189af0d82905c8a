"""The Zero OS desktop: Textual on top of zos_core.supervisor, one concept a module."""
