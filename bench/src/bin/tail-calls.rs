//! Checks that the interpreter's handlers end in jumps to each other, as dispatch by tail calls
//! requires. rustc may turn tail calls into ordinary calls, which would exhaust the native stack.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin tail-calls             check this program
//! cargo run --release -p neovm-bench --bin tail-calls -- FILE     check another program that contains the interpreter
//! ```
//!
//! The machine code of a handler must not contain
//! - a call of a computed address, because handlers only compute the addresses of other handlers.
//!   Calls through the table of imported functions are allowed; the table is at a fixed distance;
//! - a call of another handler by name, except of `work`, which does a part of the work and returns;
//! - a return, because a handler continues with another handler or with `exit`, and only `exit`
//!   returns.

use std::{collections::BTreeMap, env, fs, path::Path, process::ExitCode};

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use neovm::{Script, StubHost, TAIL_CALLS};
use neovm_bench::{Machine, exit_code};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// The module that contains the handlers.
const MODULE: &str = "neovm_interp::dispatch::tail_call::";

/// The functions in the module that start and end a chain of handlers.
const ENDS: [&str; 2] = ["run", "exit"];

/// The function that handlers may call because it returns to them.
const WORK: &str = "work";

/// The minimum number of handlers. If fewer are found, the search went wrong.
const LEAST: usize = 100;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    if !(TAIL_CALLS && cfg!(all(target_arch = "x86_64", target_os = "linux"))) {
        println!("SKIPPED: tail calls: this build dispatches by the loop, or is not for x86-64 Linux");
        return ExitCode::SUCCESS;
    }
    // The linker keeps the interpreter only if the program runs a script.
    Machine::new(StubHost::default()).program("RET", Script::from(vec![0x40]), 0);
    let path = env::args_os().nth(1).map_or_else(env::current_exe, |path| Ok(path.into()));
    let result = path.map_err(Error::from).and_then(|path| check(&path));
    exit_code(result.map(|good| if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

/// A function of the module.
struct Function {
    name: String,
    address: u64,
    code: Vec<Instruction>,
}

/// Checks a program and prints the result. Returns whether all handlers are correct.
fn check(path: &Path) -> Result<bool, Error> {
    let functions = functions(path)?;
    let handlers: Vec<_> = functions.values().filter(|function| function.is_handler()).collect();
    let mut wrong = 0;
    for handler in &handlers {
        for (instruction, what) in faults(handler, &functions) {
            println!("{} at {:#x}: {what} at {:#x}", handler.name, handler.address, instruction.ip());
            wrong += 1;
        }
    }
    for kind in ["handler", "heap"] {
        let of_kind = || handlers.iter().filter(|handler| handler.kind() == kind);
        let framed = of_kind().filter(|handler| handler.code.iter().any(makes_frame)).count();
        println!("{kind}: {} functions, {framed} of them with a stack frame", of_kind().count());
    }
    if handlers.len() < LEAST {
        println!("found {} handlers in {}, expected at least {LEAST}", handlers.len(), path.display());
        return Ok(false);
    }
    println!("{} handlers, {wrong} transfers to others that are not jumps", handlers.len());
    Ok(wrong == 0)
}

/// Returns the functions of the module, by address.
fn functions(path: &Path) -> Result<BTreeMap<u64, Function>, Error> {
    let data = fs::read(path)?;
    let file = object::File::parse(&*data)?;
    let mut functions = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
        let (Some(name), Some(section)) = (name.strip_prefix(MODULE), symbol.section_index()) else { continue };
        let code = file.section_by_index(section)?.data_range(symbol.address(), symbol.size())?;
        let code = code.ok_or("a function outside of its section")?;
        let code = Decoder::with_ip(64, code, symbol.address(), DecoderOptions::NONE).into_iter().collect();
        functions.insert(symbol.address(), Function { name: name.into(), address: symbol.address(), code });
    }
    Ok(functions)
}

impl Function {
    fn is_handler(&self) -> bool {
        self.kind() != WORK && !ENDS.contains(&self.kind())
    }

    /// Returns the name without the number that distinguishes instances.
    fn kind(&self) -> &str {
        self.name.split("::").next().unwrap_or_default()
    }
}

/// Returns the instructions that a handler must not contain, each with the reason.
fn faults<'a>(
    handler: &'a Function,
    functions: &'a BTreeMap<u64, Function>,
) -> impl Iterator<Item = (&'a Instruction, &'static str)> {
    handler.code.iter().filter_map(|instruction| Some((instruction, fault(instruction, functions)?)))
}

fn fault(instruction: &Instruction, functions: &BTreeMap<u64, Function>) -> Option<&'static str> {
    match instruction.mnemonic() {
        Mnemonic::INVALID => Some("invalid machine code"),
        Mnemonic::Ret => Some("a return"),
        Mnemonic::Call => match instruction.op0_kind() {
            OpKind::NearBranch64 => {
                let called = functions.get(&instruction.near_branch64());
                called.filter(|function| function.kind() != WORK).map(|_| "a call of a handler")
            }
            OpKind::Memory if instruction.is_ip_rel_memory_operand() => None,
            _ => Some("a call of a computed address"),
        },
        _ => None,
    }
}

/// Returns whether an instruction uses the native stack.
fn makes_frame(instruction: &Instruction) -> bool {
    let moves = instruction.mnemonic() == Mnemonic::Sub && instruction.op0_register() == Register::RSP;
    instruction.mnemonic() == Mnemonic::Push || moves
}
