//! Runs the examples, which check what they show.

#[path = "../examples/debug.rs"]
mod debug;
#[path = "../examples/embed.rs"]
mod embed;
#[path = "../examples/limits.rs"]
mod limits;
#[path = "../examples/observe.rs"]
mod observe;
#[path = "../examples/threads.rs"]
mod threads;

#[test]
fn debugs() {
    debug::main().unwrap();
}

#[test]
fn embeds() {
    embed::main().unwrap();
}

#[test]
fn limits_what_is_used() {
    limits::main().unwrap();
}

#[test]
fn observes() {
    observe::main().unwrap();
}

#[test]
fn shares_an_engine() {
    threads::main().unwrap();
}
