#!/usr/bin/env bash
# Makes a tarball of the library for Linux on x86-64 with glibc 2.28 or newer (Debian 10, RHEL 8):
#
#   capi/tarball.sh DIR [ARCHIVE]     DIR/neovm-VERSION-x86_64-linux-gnu.tar.gz
#
# Beside what package.sh makes, it has the licences of all that is inside. Linking against an older glibc takes the
# compiler of Zig: `pip install ziglang`, or zig in the PATH.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
zig=$(command -v zig || echo "python3 -m ziglang")
gcc_s=$(cc -print-file-name=libgcc_s.so.1)
export CC="$zig cc -target x86_64-linux-gnu.2.28" LIBRARIES="$gcc_s -lm -lpthread -ldl -lrt -lutil"
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml")
name=neovm-$version-x86_64-linux-gnu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/package.sh" "$work/$name" "$@"

newest=$(nm -D -u "$work/$name/lib/libneovm.so.1" | grep -o 'GLIBC_[0-9.]*' | sort -V | tail -1)
[ "$(printf '%s\n' "$newest" GLIBC_2.28 | sort -V | tail -1)" = GLIBC_2.28 ] || { echo "it needs $newest"; exit 1; }

cp "$here/../LICENSE-APACHE" "$here/../LICENSE-MIT" "$work/$name/"
{
  echo "neovm contains these libraries. Their licences follow."
  echo
  crates=$(cargo tree --manifest-path "$here/Cargo.toml" --edges normal --prefix none --format '{p}|{l}' |
    sed 's/ (.*)|/|/; s/ (\*)$//' | sort -u | grep -v '^neovm')
  echo "$crates" | sed 's/|/: /'
  echo "$crates" | sed 's/ v\([^|]*\)|/-\1 /' | while read -r crate licence; do
    found=
    for file in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$crate"/{LICENSE,LICENCE,COPYING,NOTICE,UNLICENSE}*; do
      [ -f "$file" ] || continue
      found=yes
      printf '\n==== %s: %s\n\n' "$crate" "$(basename "$file")"
      cat "$file"
    done
    # What its package does not hold is in those of others.
    [ -n "$found" ] || printf '\n==== %s: %s\n' "$crate" "$licence"
  done
} >"$work/$name/THIRD-PARTY.txt"

tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -czf "$out/$name.tar.gz" "$name"
echo "$out/$name.tar.gz: needs at most $newest"
