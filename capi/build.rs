//! Names the shared library for the loader, by the version of the ABI, whatever its file is called, and exports
//! nothing of other crates.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libneovm.so.1");
        // Dependencies have names without mangling, which rustc would export.
        println!("cargo::rustc-cdylib-link-arg=-Wl,--exclude-libs,ALL");
    }
}
