//! What scripts take that were made to take much: time and memory, by what they pay.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin hostile -- recorded [FILE]   hostile scripts of the C# engine's outcomes
//! cargo run --release -p neovm-bench --bin hostile -- search [SECONDS]  looks for loops that buy the most
//! cargo run --release -p neovm-bench --bin hostile -- growth            what an instruction costs as its operands grow
//! cargo run --release -p neovm-bench --bin hostile -- cycles            garbage in cycles over 20,000 GAS
//! cargo run --release -p neovm-bench --bin hostile -- memory            scripts that hold as much as they can
//! cargo run --release -p neovm-bench --bin hostile -- compiler          scripts that have much compiled
//! ```
//!
//! Tables in Markdown. Memory is what the thread that runs the script has in use at
//! most, as the allocator is asked for it, decoding and (where it compiles itself)
//! compiling included.

mod growth;
mod recorded;
mod run;
mod search;
mod shapes;
mod tables;

use std::{env, process::ExitCode};

use neovm_bench::exit_code;
use neovm_testing::allocator::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["recorded"] => recorded::print(None),
        ["recorded", file] => recorded::print(Some(file)),
        ["search"] => search::print("60"),
        ["search", seconds] => search::print(seconds),
        ["growth"] => growth::print(),
        ["cycles"] => tables::cycles(),
        ["memory"] => tables::memory(),
        ["compiler"] => tables::compiler(),
        _ => Err("usage: hostile recorded [FILE] | search [SECONDS] | growth | cycles | memory | compiler".into()),
    };
    exit_code(result.map(|()| ExitCode::SUCCESS))
}
