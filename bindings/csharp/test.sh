#!/usr/bin/env bash
# Compiles the package, its tests and the programs of the README with mono's compiler, and runs them:
#
#   bindings/csharp/test.sh PREFIX [PART OF A NAME]     tests with that part in their names, and no programs
#   bindings/csharp/test.sh PREFIX --costs              what calls cost
#
# PREFIX is a folder that capi/package.sh has made. It takes the Debian packages mono-mcs and mono-runtime. DOTNET names
# the program `dotnet` of a runtime of .NET Core, under which all is run then, and for which it is compiled.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
library=$(cd "$1" && pwd)/lib
out=${CARGO_TARGET_DIR:-$here/../../target}/csharp${DOTNET:+-core}
mkdir -p "$out"
out=$(cd "$out" && pwd)
export LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

references=(-r:System -r:System.Core -r:System.Numerics)
run() { mono --debug "$@"; }
if [ -n "${DOTNET-}" ]; then
  framework=$(echo "$(dirname "$DOTNET")"/shared/Microsoft.NETCore.App/*)
  references=(-nostdlib -noconfig -nowarn:1702)
  for name in Private.CoreLib Runtime Runtime.Extensions Runtime.InteropServices Runtime.Numerics Collections \
    Collections.Concurrent Linq Memory Console IO.Compression IO.FileSystem Threading Threading.Thread; do
    references+=("-r:$framework/System.$name.dll")
  done
  export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
  run() {
    printf '{"runtimeOptions":{"framework":{"name":"Microsoft.NETCore.App","version":"%s"}}}' "${framework##*/}" \
      >"${1%.exe}.runtimeconfig.json"
    "$DOTNET" "$@"
  }
fi

compile() { # output, then sources and options
  mcs -langversion:7.2 -warn:4 -warnaserror -debug "${references[@]}" -out:"$1" "${@:2}"
}
program() { compile "$1" -nowarn:649 -r:"$out/Neovm.dll" "${@:2}"; }

# Every public member is documented: the compiler warns otherwise.
compile "$out/Neovm.dll" -unsafe -optimize -target:library -doc:"$out/Neovm.xml" "$here"/src/*.cs
if [ "${2-}" = --costs ]; then
  program "$out/costs.exe" -optimize "$here"/bench/Costs.cs
  run "$out/costs.exe"
  exit
fi
program "$out/tests.exe" "$here"/tests/*.cs
run "$out/tests.exe" "$here/../.." "${2-}"
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
  run "${source%.cs}.exe" | diff - "${source%.cs}.txt"
  echo "ok      ${source##*/} of the README"
done
