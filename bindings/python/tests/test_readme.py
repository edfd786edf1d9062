"""The examples of the README are run, in their order and in one namespace, as a reader would.

A block with a file name is a file of tests.
"""

import re
import shutil
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```python ?(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TEXT = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall(README.read_text())


@pytest.fixture
def folder(tmp_path: Path, examples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("token.nef", "token.manifest.json"):
        shutil.copy(examples / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_examples_do_what_they_say(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, object] = {}
    plain = [code for name, code in blocks() if not name]
    assert len(plain) >= 7
    for code in plain:
        exec(compile(code, str(README), "exec"), namespace)
    printed = capsys.readouterr().out
    for text in TEXT.findall(README.read_text()):
        assert text in printed


@pytest.mark.parametrize(("name", "code"), [pytest.param(*it, id=it[0]) for it in blocks() if it[0]])
def test_examples_of_tests_pass(pytester: pytest.Pytester, examples: Path, name: str, code: str) -> None:
    for file in ("token.nef", "token.manifest.json"):
        shutil.copy(examples / file, pytester.path)
    pytester.path.joinpath(name).write_text(code)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", name)
    assert result.ret == 0
