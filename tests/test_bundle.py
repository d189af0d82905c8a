"""The bundled programs: found from a checkout and from a wheel, and carried by the wheel with nothing beside them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from zos_core import bundle

BOOT = {"init", "permission", "terminal"}


def test_a_checkout_uses_its_own_apps(root: Path) -> None:
    assert bundle.apps_folder() == root / "apps"


def test_a_wheel_uses_the_apps_it_carries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundle, "_IN_WHEEL", tmp_path)
    assert bundle.apps_folder() == tmp_path


def test_missing_apps_are_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundle, "_IN_WHEEL", tmp_path / "none")
    monkeypatch.setattr(bundle, "_IN_CHECKOUT", tmp_path / "neither")
    with pytest.raises(FileNotFoundError, match=r"^the bundled programs are missing[^\n]*$"):
        bundle.apps_folder()


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names inside a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=100)
    (built,) = folder.glob("zos_desktop-*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_carries_every_built_program_with_its_manifest(root: Path, wheel: list[str]) -> None:
    programs = {path.parent.name for path in (root / "apps").glob("*/app.toml")}
    assert programs >= BOOT
    carried = {name for name in wheel if name.startswith("zos_core/_apps/")}
    assert carried == {f"zos_core/_apps/{name}/{file}" for name in programs for file in ("app.toml", f"{name}.wasm")}


def test_the_wheel_holds_the_two_packages_and_no_more(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel if ".dist-info/" not in name}
    assert tops == {"zos_core", "zos_tui"}
    assert {"zos_core/abi.py", "zos_tui/cli/main.py"} <= set(wheel)
