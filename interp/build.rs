//! Decides how instructions are dispatched.
//!
//! `neovm_tail_calls`: each handler ends in a call of the next, which the
//! compiler turns into a jump. Stable Rust does not promise that, so it is on
//! only where the machine code was looked at (`tail-calls` in `bench` does):
//! x86-64, optimized for speed, not under an interpreter such as Miri or a
//! sanitizer. Elsewhere the portable loop runs.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(neovm_tail_calls, neovm_unoptimized)");
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name| std::env::var(name).unwrap_or_default();
    let watched = ["CARGO_CFG_MIRI", "CARGO_CFG_SANITIZE"].iter().any(|name| std::env::var(name).is_ok());
    if tail_calls(&variable("CARGO_CFG_TARGET_ARCH"), &variable("OPT_LEVEL"), watched) {
        println!("cargo::rustc-cfg=neovm_tail_calls");
    }
    // Without optimization, handlers that are inlined into one function would take megabytes of its stack.
    if variable("OPT_LEVEL") == "0" {
        println!("cargo::rustc-cfg=neovm_unoptimized");
    }
}

/// Whether each handler can be relied upon to end in a jump.
pub(crate) fn tail_calls(architecture: &str, opt_level: &str, watched: bool) -> bool {
    architecture == "x86_64" && matches!(opt_level, "1" | "2" | "3") && !watched
}
