#!/usr/bin/env bash
# Compiles the package, its tests and the programs of the README with mono's compiler, and runs them:
#
#   bindings/csharp/test.sh PREFIX [PART OF A NAME]     tests with that part in their names, and no programs
#   bindings/csharp/test.sh PREFIX --costs              what calls cost
#
# PREFIX is a folder that capi/package.sh has made. It takes the Debian packages mono-mcs and mono-runtime.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
library=$(cd "$1" && pwd)/lib
out=${CARGO_TARGET_DIR:-$here/../../target}/csharp
mkdir -p "$out"
out=$(cd "$out" && pwd)
export LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

compile() { # output, then sources and options
  local output=$1
  shift
  mcs -langversion:7.2 -warn:4 -warnaserror -debug -r:System.Numerics -r:System.Core -out:"$output" "$@"
}
program() { compile "$1" -nowarn:649 -r:"$out/Neovm.dll" "${@:2}"; }

# Every public member is documented: the compiler warns otherwise.
compile "$out/Neovm.dll" -unsafe -target:library -doc:"$out/Neovm.xml" "$here"/src/*.cs
if [ "${2-}" = --costs ]; then
  program "$out/costs.exe" -optimize "$here"/bench/Costs.cs
  exec mono "$out/costs.exe"
fi
program "$out/tests.exe" -r:System "$here"/tests/*.cs
mono --debug "$out/tests.exe" "$here/../.." "${2-}"
[ -z "${2-}" ] || exit 0

# Each program of the README prints what the text behind it says.
rm -f "$out"/readme-*
awk -v out="$out/readme-" '
  /^```csharp$/ { number++; file = out number ".cs"; next }
  /^```text$/ { file = out number ".txt"; next }
  /^```/ { file = ""; next }
  file != "" { print > file }
' "$here/README.md"
for source in "$out"/readme-*.cs; do
  program "${source%.cs}.exe" "$source"
  mono --debug "${source%.cs}.exe" | diff - "${source%.cs}.txt"
  echo "ok      ${source##*/} of the README"
done
