//! Programs that compute something, with the integer they end with.

use neovm::{Config, LoadOptions, NoHost, Outcome, Vm};
use serde::Deserialize;

const WORKLOADS: &str = include_str!("data/workloads.jsonl");

/// A program. What it was compiled from, and its arguments, are in the script.
#[derive(Deserialize)]
struct Workload {
    id: String,
    script: String,
    expect: String,
}

#[test]
fn each_program_halts_with_its_result_on_top() {
    for line in WORKLOADS.lines() {
        let workload: Workload = serde_json::from_str(line).unwrap();
        let mut vm = Vm::new(Config::default());
        vm.load_script(hex::decode(&workload.script).unwrap(), LoadOptions::default()).unwrap();
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt, "{}", workload.id);
        let top = vm.results().last().expect("a result").to_integer();
        assert_eq!(top, Ok(workload.expect.parse().unwrap()), "{}", workload.id);
    }
    assert_eq!(WORKLOADS.lines().count(), 18);
}
