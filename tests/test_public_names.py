"""The public names of `zos_core`: each is there, and none costs anything until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import zos_core


@pytest.mark.parametrize("name", zos_core.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(zos_core, name).__name__ == name


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        zos_core.Nonsense  # noqa: B018


def test_importing_the_package_loads_no_engine() -> None:
    code = "import sys, zos_core; sys.exit('wasmtime' in sys.modules or 'zos_core.supervisor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
