//! Decides how instructions are dispatched.
//!
//! `neovm_sibling_calls`: each handler ends in a call of the next, which the
//! compiler turns into a jump. Stable Rust does not promise that, so it is on
//! only where it was measured to hold: x86-64, any optimization, not under an
//! interpreter such as Miri or a sanitizer. Elsewhere the portable loop runs.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(neovm_sibling_calls)");
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| std::env::var(name).unwrap_or_default();
    let optimized = variable("OPT_LEVEL") != "0";
    let watched = ["CARGO_CFG_MIRI", "CARGO_CFG_SANITIZE"].iter().any(|name| std::env::var(name).is_ok());
    let supported = variable("CARGO_CFG_TARGET_ARCH") == "x86_64" && !watched;
    if optimized && supported {
        println!("cargo::rustc-cfg=neovm_sibling_calls");
    }
}
