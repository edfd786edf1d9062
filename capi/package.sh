#!/usr/bin/env bash
# Makes a folder, or installs into one, from the static library that cargo has built:
#
#   capi/package.sh DIR [ARCHIVE]
#
#   DIR/include/neovm.h
#   DIR/lib/libneovm.a          one object; only neovm_* can be seen from outside
#   DIR/lib/libneovm.so.1       the same as a shared library, and libneovm.so
#   DIR/lib/pkgconfig/neovm.pc
#
# ARCHIVE is libneovm_capi.a; unless given, a release build makes it. CC, LD, OBJCOPY and AR name other tools, and
# LIBRARIES what to link with.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
prefix=$1
archive=${2:-}
if [ -z "$archive" ]; then
  cargo build --release --locked --manifest-path "$here/Cargo.toml"
  archive=${CARGO_TARGET_DIR:-$here/../target}/release/libneovm_capi.a
fi
mkdir -p "$prefix/include" "$prefix/lib/pkgconfig"
prefix=$(cd "$prefix" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Names of C libraries inside (blst, libsecp256k1, AWS-LC) and of Rust become local, so that the program may have its own.
${LD:-ld} -r --whole-archive "$archive" -o "$work/neovm.o"
${OBJCOPY:-objcopy} --wildcard --keep-global-symbol='neovm_*' --strip-debug \
  --remove-section=.llvmbc --remove-section=.llvmcmd "$work/neovm.o"
rm -f "$prefix/lib/libneovm.a"
${AR:-ar} rcs "$prefix/lib/libneovm.a" "$work/neovm.o"

# What the archive needs of the system: `cargo rustc -p neovm-capi -- --print native-static-libs`.
libraries="-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc"
echo 'NEOVM_1 { global: neovm_*; local: *; };' >"$work/neovm.map"
${CC:-cc} -shared -o "$prefix/lib/libneovm.so.1" -Wl,--whole-archive "$prefix/lib/libneovm.a" -Wl,--no-whole-archive \
  -Wl,--version-script="$work/neovm.map" -Wl,-soname,libneovm.so.1 -Wl,--gc-sections -Wl,-z,relro,-z,now ${LIBRARIES:-$libraries}
ln -sf libneovm.so.1 "$prefix/lib/libneovm.so"

cp "$here/include/neovm.h" "$prefix/include/"
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml")
sed -e "s|@version@|$version|" -e "s|@libraries@|$libraries|" "$here/neovm.pc.in" >"$prefix/lib/pkgconfig/neovm.pc"
echo "$prefix: neovm.h, libneovm.a, libneovm.so.1, neovm.pc"
