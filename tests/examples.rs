//! Runs the examples, which check what they show.

#[path = "../examples/custom_native.rs"]
mod custom_native;
#[path = "../examples/custom_store.rs"]
mod custom_store;
#[path = "../examples/custom_syscall.rs"]
mod custom_syscall;
#[path = "../examples/debug.rs"]
mod debug;
#[path = "../examples/embed.rs"]
mod embed;
#[path = "../examples/limits.rs"]
mod limits;
#[path = "../examples/neo_rs.rs"]
mod neo_rs;
#[path = "../examples/observe.rs"]
mod observe;
#[path = "../examples/threads.rs"]
mod threads;
#[path = "../examples/token.rs"]
mod token;

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

#[test]
fn serves_a_store() {
    custom_store::main().unwrap();
}

#[test]
fn adds_a_system_call() {
    custom_syscall::main().unwrap();
}

#[test]
fn adds_a_native_contract_and_methods() {
    custom_native::main().unwrap();
}

#[test]
fn runs_a_token_on_a_chain() {
    token::main().unwrap();
}

/// The contract in the examples is what its source says.
#[test]
fn the_token_is_that_of_its_source() {
    let script = neovm::types::assemble(include_str!("../examples/token.asm")).unwrap();
    let nef = neovm::types::NefFile::parse(include_bytes!("../examples/token.nef")).unwrap();
    assert_eq!(nef.script, script);
    let manifest = neovm::types::Manifest::parse(include_bytes!("../examples/token.manifest.json")).unwrap();
    neovm::check_methods(&script, &manifest.abi).unwrap();
}

#[test]
fn runs_a_host_of_neo_rs() {
    neo_rs::main().unwrap();
}
