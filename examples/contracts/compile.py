"""Compiles the contracts of this folder with neo3-boa, which must be installed: `python3.13 compile.py`."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

CONTRACTS = ['token', 'nft', 'pool', 'wallet', 'token_test', 'pool_test']


def main(folder: pathlib.Path, contracts: list[str]):
    # Outside of a repository, whose commit the compiler would write into what it makes.
    with tempfile.TemporaryDirectory() as copy:
        for source in [pathlib.Path(__file__).with_name('neovm_test.py'), *folder.glob('*.py')]:
            shutil.copy(source, copy)
        for name in contracts:
            subprocess.run(['neo3-boa', 'compile', f'{name}.py', '--debug'], cwd=copy, check=True)
            rewrite(pathlib.Path(copy) / f'{name}.nefdbgnfo')
            for extension in ['nef', 'manifest.json', 'nefdbgnfo']:
                shutil.copy(f'{copy}/{name}.{extension}', folder)


def rewrite(archive: pathlib.Path):
    """Names the sources without the folder that they were compiled in, and writes the same bytes each time."""
    with zipfile.ZipFile(archive) as file:
        [name] = file.namelist()
        info = json.loads(file.read(name))
    info['entrypoint'] = pathlib.Path(info['entrypoint']).name
    for number, member in enumerate([*info['methods'], *info['events']]):
        # The compiler takes addresses in memory for them.
        member['id'] = str(number)
    info['documents'] = [pathlib.Path(document).name for document in info['documents']]
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(archive, 'w') as file:
        file.writestr(entry, json.dumps(info))


if __name__ == '__main__':
    folder = pathlib.Path(__file__).parent
    if len(sys.argv) > 1:
        main(pathlib.Path(sys.argv[1]), sys.argv[2:])
    else:
        main(folder, CONTRACTS)
