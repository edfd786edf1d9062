//! Checks that the interpreter's handlers end in jumps to each other, as
//! dispatch by tail calls needs: a compiler may make calls of them, and then
//! they only return when the native stack is used up.
//!
//! ```text
//! cargo run --release -p neovm-bench --bin tail-calls             looks at itself
//! cargo run --release -p neovm-bench --bin tail-calls -- FILE     at another program that holds the interpreter
//! ```
//!
//! In the machine code of each handler there must be
//! - no call of an address that is computed: a handler's is, and nothing else that handlers call.
//!   Calls through the table of imported functions, which lies at a fixed distance, are others;
//! - no call of another handler by its name, other than of `work`, which does a part and returns;
//! - no return: a handler goes on to another or to `exit`, and only that one returns.

use std::{collections::BTreeMap, env, fs, path::Path, process::ExitCode};

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use neovm::{Script, StubHost, TAIL_CALLS};
use neovm_bench::{Machine, exit_code};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// Where handlers are.
const MODULE: &str = "neovm_interp::dispatch::tail_call::";

/// Functions there that are no handlers: they start a chain and end it.
const ENDS: [&str; 2] = ["run", "exit"];

/// What handlers call, and what returns to them.
const WORK: &str = "work";

/// There are at least so many handlers, or they were looked for in vain.
const LEAST: usize = 100;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    if !(TAIL_CALLS && cfg!(all(target_arch = "x86_64", target_os = "linux"))) {
        println!("SKIPPED: tail calls: this build dispatches by the loop, or is not for x86-64 Linux");
        return ExitCode::SUCCESS;
    }
    // A program holds the interpreter only if it runs something.
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

/// Prints what was found; tells if all is well.
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
    for kind in ["handler", "counting"] {
        let of_kind = || handlers.iter().filter(|handler| handler.kind() == kind);
        let framed = of_kind().filter(|handler| handler.code.iter().any(makes_frame)).count();
        println!("{kind}: {} functions, {framed} of them with a stack frame", of_kind().count());
    }
    if handlers.len() < LEAST {
        println!("{} handlers in {}, at least {LEAST} are there", handlers.len(), path.display());
        return Ok(false);
    }
    println!("{} handlers, {wrong} transfers to others that are not jumps", handlers.len());
    Ok(wrong == 0)
}

/// The functions of the module, by their addresses.
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

    /// The name without the number that makes it one of many.
    fn kind(&self) -> &str {
        self.name.split("::").next().unwrap_or_default()
    }
}

/// Instructions that may not be in a handler, and why.
fn faults<'a>(
    handler: &'a Function,
    functions: &'a BTreeMap<u64, Function>,
) -> impl Iterator<Item = (&'a Instruction, &'static str)> {
    handler.code.iter().filter_map(|instruction| Some((instruction, fault(instruction, functions)?)))
}

fn fault(instruction: &Instruction, functions: &BTreeMap<u64, Function>) -> Option<&'static str> {
    match instruction.mnemonic() {
        Mnemonic::INVALID => Some("bytes that are no instruction"),
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

/// Whether an instruction puts something onto the native stack.
fn makes_frame(instruction: &Instruction) -> bool {
    let moves = instruction.mnemonic() == Mnemonic::Sub && instruction.op0_register() == Register::RSP;
    instruction.mnemonic() == Mnemonic::Push || moves
}
