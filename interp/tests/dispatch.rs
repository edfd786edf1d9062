//! Which builds dispatch by sibling calls.

#[path = "../build.rs"]
#[expect(dead_code, reason = "its main is for cargo")]
mod build;

use build::sibling_calls;

#[test]
fn optimized_x86_64_has_sibling_calls() {
    assert!(["1", "2", "3"].iter().all(|level| sibling_calls("x86_64", level, false)));
}

#[test]
fn all_else_takes_the_loop() {
    for level in ["0", "s", "z", ""] {
        assert!(!sibling_calls("x86_64", level, false), "level {level:?}");
    }
    for architecture in ["aarch64", "x86", "wasm32", "riscv64", ""] {
        assert!(!sibling_calls(architecture, "3", false), "{architecture:?}");
    }
    assert!(!sibling_calls("x86_64", "3", true), "Miri and sanitizers");
}
