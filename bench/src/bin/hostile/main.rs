//! Measures the time and the memory that hostile scripts take, in relation to what they pay.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin hostile -- recorded [FILE]   the hostile scripts among the recorded outcomes of the C# engine
//! cargo run --release -p neovm-bench --bin hostile -- search [SECONDS]  search for loops that buy the most time or memory
//! cargo run --release -p neovm-bench --bin hostile -- growth            how costs grow with the size of operands
//! cargo run --release -p neovm-bench --bin hostile -- cycles            garbage in cycles, with 20,000 GAS
//! cargo run --release -p neovm-bench --bin hostile -- memory            scripts that use as much memory as possible
//! cargo run --release -p neovm-bench --bin hostile -- compiler          scripts that cause much compilation
//! cargo run --release -p neovm-bench --bin hostile -- host [PART]       system calls and native methods whose name has PART
//! ```
//!
//! The output consists of Markdown tables. Memory is the peak of what the thread that runs the script
//! has allocated, including memory for decoding and, if it takes place on that thread, compilation.

mod growth;
mod host;
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
        ["host"] => host::print(""),
        ["host", part] => host::print(part),
        _ => {
            Err("usage: hostile recorded [FILE] | search [SECONDS] | growth | cycles | memory | compiler | host [PART]"
                .into())
        }
    };
    exit_code(result.map(|()| ExitCode::SUCCESS))
}
