//! Which builds dispatch by tail calls.

#[path = "../build.rs"]
#[expect(dead_code, reason = "its main is for cargo")]
mod build;

use build::tail_calls;

#[test]
fn optimized_x86_64_has_tail_calls() {
    assert!(["1", "2", "3"].iter().all(|level| tail_calls("x86_64", level, false)));
}

#[test]
fn all_else_takes_the_loop() {
    for level in ["0", "s", "z", ""] {
        assert!(!tail_calls("x86_64", level, false), "level {level:?}");
    }
    for architecture in ["aarch64", "x86", "wasm32", "riscv64", ""] {
        assert!(!tail_calls(architecture, "3", false), "{architecture:?}");
    }
    assert!(!tail_calls("x86_64", "3", true), "Miri and sanitizers");
}
