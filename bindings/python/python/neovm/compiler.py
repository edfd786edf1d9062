"""Contracts from where users have them."""

from __future__ import annotations

import json
import logging
import tempfile
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Union

Source = Union[str, "PathLike[str]", bytes]
ManifestSource = Union[str, "PathLike[str]", bytes, dict[str, Any], None]

# The logger of neo3-boa.
_LOGGER = "neo3-boa-log"

# What was compiled, by the file and the time of its last change.
_compiled: dict[tuple[Path, int], tuple[bytes, str]] = {}


def load(source: Source, manifest: ManifestSource) -> tuple[bytes, str]:
    """Return the NEF file and the manifest of a contract.

    ``source`` is a NEF file, its bytes, or a source for neo3-boa. ``manifest`` is a file, JSON,
    or what JSON is made of; unless given it is ``X.manifest.json`` beside ``X.nef``.
    """
    if isinstance(source, bytes):
        if manifest is None:
            raise ValueError("the bytes of a NEF file need a manifest")
        return source, _manifest(manifest)
    path = Path(fspath(source))
    if path.suffix == ".py":
        if manifest is not None:
            raise ValueError("the compiler makes the manifest of a source")
        return compile_file(path)
    return path.read_bytes(), _manifest(path.with_suffix(".manifest.json") if manifest is None else manifest)


def _manifest(manifest: str | PathLike[str] | bytes | dict[str, Any]) -> str:
    if isinstance(manifest, dict):
        return json.dumps(manifest)
    if isinstance(manifest, bytes):
        return manifest.decode()
    if isinstance(manifest, str) and manifest.lstrip().startswith("{"):
        return manifest
    return Path(fspath(manifest)).read_text()


def compile_file(path: Path) -> tuple[bytes, str]:
    """Compile a source with neo3-boa, which must be installed. The same source is compiled once.

    Raises:
        ValueError: with the compiler's words, if it refuses the source.
    """
    path = path.resolve()
    key = (path, path.stat().st_mtime_ns)
    if key not in _compiled:
        try:
            from boa3.boa3 import Boa3
        except ImportError as error:
            raise ModuleNotFoundError(
                f"{path.name} is a source: to compile it, install the compiler (pip install neo3-boa)"
            ) from error
        with tempfile.TemporaryDirectory() as folder, _Errors() as errors:
            nef = Path(folder, path.stem + ".nef")
            try:
                Boa3.compile_and_save(str(path), output_path=str(nef))
            except Exception as error:
                # What is wrong with a source is logged; the exception has no text.
                reasons = errors.messages or [str(error) or type(error).__name__]
                raise ValueError(f"{path} does not compile: " + "; ".join(reasons)) from error
            _compiled[key] = nef.read_bytes(), nef.with_suffix(".manifest.json").read_text()
    return _compiled[key]


class _Errors(logging.Handler):
    """The errors that the compiler logs within ``with``."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(" ".join(record.getMessage().split()))

    def __enter__(self) -> _Errors:
        logging.getLogger(_LOGGER).addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger(_LOGGER).removeHandler(self)
