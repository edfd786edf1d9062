//! Runs the example, which checks what it shows.

#[path = "../examples/bridge.rs"]
mod bridge;

#[test]
fn both_machines_undo_what_fails() {
    bridge::main().unwrap();
}
