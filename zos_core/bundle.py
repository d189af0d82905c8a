"""Where the bundled programs are: one folder an app, with its `app.toml` and its built `.wasm`.

Rules of this file
- An installed wheel carries the apps inside this package, as `_apps`; a checkout keeps them in `apps`, beside it.
- `_apps` exists in a wheel alone, so finding it settles which of the two this is.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = _PACKAGE / "_apps"
_IN_CHECKOUT = _PACKAGE.parent / "apps"


def apps_folder() -> Path:
    """The folder of the bundled programs. Raises FileNotFoundError, with one clear line, when there is none."""
    for folder in (_IN_WHEEL, _IN_CHECKOUT):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the bundled programs are missing: no {_IN_WHEEL.name} in {_PACKAGE}, no apps beside it")
