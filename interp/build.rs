//! Decides how instructions are dispatched.
//!
//! `neovm_tail_calls`: each handler ends in a call of the next one, which the compiler turns into a jump. Stable Rust
//! does not promise this, so tail calls are used only where the machine code is checked (by `tail-calls` in `bench`):
//! on x86-64 under Unix, optimized for speed, and not under Miri or a sanitizer. Elsewhere the portable loop runs, and
//! compiled code is never entered.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(neovm_tail_calls, neovm_unoptimized, neovm_shared_generics)");
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| std::env::var(name).unwrap_or_default();
    let watched = ["CARGO_CFG_MIRI", "CARGO_CFG_SANITIZE"].iter().any(|name| std::env::var(name).is_ok());
    let unix = std::env::var("CARGO_CFG_UNIX").is_ok();
    if unix && tail_calls(&variable("CARGO_CFG_TARGET_ARCH"), &variable("OPT_LEVEL"), watched) {
        println!("cargo::rustc-cfg=neovm_tail_calls");
    }
    // Without optimization, handlers that are inlined into one function would take megabytes of its stack.
    if variable("OPT_LEVEL") == "0" {
        println!("cargo::rustc-cfg=neovm_unoptimized");
    }
    // Below opt-level 2, rustc calls the instances of generic functions that the crates below already have, where it
    // could inline instances of its own.
    if !matches!(&*variable("OPT_LEVEL"), "2" | "3") {
        println!("cargo::rustc-cfg=neovm_shared_generics");
    }
}

/// Returns whether each handler reliably ends in a jump on Unix.
pub(crate) fn tail_calls(architecture: &str, opt_level: &str, watched: bool) -> bool {
    architecture == "x86_64" && matches!(opt_level, "1" | "2" | "3") && !watched
}
