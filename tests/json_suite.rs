//! The JSON suite of the C# engine, where it lies next to the project, compared
//! as the C# engine's own harness compares.
//!
//! Source: `VMJsonTestBase.cs`, `Types/TestEngine.cs` of the reference's tests.

#[path = "support/compiling.rs"]
mod compiling;
#[path = "support/report.rs"]
mod report;
#[path = "support/shown.rs"]
mod shown;
#[path = "support/suite.rs"]
mod suite;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use compiling::{COMPILING, Compiler};
use neovm::{
    Caller, Code, Config, ContextView, Debugger, Dispatch, FaultKind, Host, HostError, LoadOptions, StackItem, Vm,
    types::item::Interop,
};
use suite::{Case, Context, Expected, Suite};

/// Cases that show the engine after v3.10.1, in which ROLL by 0 on an empty
/// stack faults. They must differ.
const LATER_VERSION: [(&str, &str); 1] = [("ROLL", "With 0 and empty stack")];

/// The host of the suite.
struct SuiteHost;

impl Host for SuiteHost {
    fn syscall(&mut self, caller: &mut Caller<'_>, id: u32) -> Result<(), HostError> {
        match id {
            0x7777_7777 => caller.push(StackItem::Interop(Interop::new(()))),
            0xadde_adde => return Err(HostError::Throw("error".into())),
            _ => return Err(FaultKind::Host("Exception of type 'System.Exception' was thrown.".into()).into()),
        }
        Ok(())
    }
}

/// Ways to run a case. What it executes runs by single steps, as the
/// reference's harness does it, by the dispatcher, or by compiled code.
struct Ways {
    compilers: Vec<Compiler>,
}

/// What was found in the files.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    files: usize,
    cases: usize,
    steps: usize,
}

#[test]
fn each_case_of_the_reference_suite_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vm-tests");
    if !folder.exists() {
        return report::say("SKIPPED: the JSON suite: there is no ../shared/vm-tests next to the project");
    }
    let mut files = Vec::new();
    list_files(&folder, &mut files);
    let mut counts = Counts { files: files.len(), ..Counts::default() };
    let mut failures = Vec::new();
    let mut ways = Ways { compilers: COMPILING.into_iter().filter_map(Compiler::new).collect() };
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let suite: Suite = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in &suite.tests {
            counts.cases += 1;
            counts.steps += case.steps.len();
            let later = LATER_VERSION.contains(&(&suite.name, &case.name));
            match ways.run(case) {
                Ok(()) if later => failures.push(format!("{}, {}: passes unexpectedly", suite.name, case.name)),
                Err(difference) if !later => failures.push(format!("{}, {}: {difference}", suite.name, case.name)),
                _ => {}
            }
        }
    }
    let entered: u64 = ways.compilers.iter().map(Compiler::entered).sum();
    report::say(&format!(
        "JSON suite: {counts:?}, {} of a later version, {entered} entries of compiled code",
        LATER_VERSION.len()
    ));
    if ways.compilers.is_empty() {
        report::say("SKIPPED: the JSON suite compiled: no code is compiled here");
    } else {
        assert!(entered > 0, "compiled code was never entered");
    }
    assert!(failures.is_empty(), "{} cases differ:\n{}", failures.len(), failures.join("\n"));
    let whole = counts.files >= 163 && counts.cases >= 782 && counts.steps >= 1521;
    assert!(whole, "the suite is not whole: {counts:?}");
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
}

impl Ways {
    fn run(&mut self, case: &Case) -> Result<(), String> {
        let config = Config::default();
        let decoded = |script: Vec<u8>| Code::decode(script.into(), &config.prices).map(Arc::new);
        run_case(case, false, &config, decoded)?;
        for dispatch in Dispatch::ALL {
            let config = Config { dispatch, ..config.clone() };
            run_case(case, true, &config, decoded).map_err(|difference| format!("{dispatch:?}: {difference}"))?;
        }
        for (compiler, mode) in self.compilers.iter_mut().zip(COMPILING) {
            for turn in 0..compiler.runs() {
                let config = compiler.config();
                run_case(case, true, &config, |script| compiler.prepare(script))
                    .map_err(|difference| format!("{mode:?}, run {turn}: {difference}"))?;
                compiler.wait();
            }
        }
        Ok(())
    }
}

/// Runs a case; `at_once`: what it executes, without a debugger.
fn run_case(
    case: &Case,
    at_once: bool,
    config: &Config,
    decode: impl FnOnce(Vec<u8>) -> Result<Arc<Code>, FaultKind>,
) -> Result<(), String> {
    let mut vm = Vm::new(config.clone());
    let script = case.script();
    if !script.is_empty() {
        let code = decode(script).map_err(|fault| fault.to_string())?;
        vm.load(code, LoadOptions::default()).map_err(|fault| fault.to_string())?;
    }
    let debugger = Debugger::new();
    for (i, step) in case.steps.iter().enumerate() {
        for action in &step.actions {
            act(action, at_once, &debugger, &mut vm);
        }
        compare(&step.result, &vm).map_err(|difference| format!("step {i}: {difference}"))?;
    }
    Ok(())
}

fn act(action: &str, at_once: bool, debugger: &Debugger, vm: &mut Vm) {
    match action.to_lowercase().as_str() {
        "execute" if at_once => drop(vm.run(&mut SuiteHost)),
        "execute" => drop(debugger.run(vm, &mut SuiteHost)),
        "stepinto" => drop(debugger.step_into(vm, &mut SuiteHost)),
        "stepover" => drop(debugger.step_over(vm, &mut SuiteHost)),
        "stepout" => drop(debugger.step_out(vm, &mut SuiteHost)),
        _ => panic!("unknown action {action}"),
    }
}

/// After a fault only the message is compared, where one is given.
fn compare(expected: &Expected, vm: &Vm) -> Result<(), String> {
    let fault = vm.fault().map(ToString::to_string);
    same(&format!("state ({fault:?})"), &expected.state.to_uppercase(), &vm.state().to_string())?;
    if let Some(fault) = fault {
        let message = expected.exception_message.as_ref().unwrap_or(&fault);
        return same("message", message, &fault);
    }
    let contexts = vm.contexts();
    same("contexts", &expected.contexts.len(), &contexts.len())?;
    for (expected, actual) in expected.contexts.iter().zip(&contexts) {
        compare_context(expected, actual)?;
    }
    if let Some(results) = &expected.results {
        same("results", &suite::show_all(results), &shown::top_first(vm.results()))?;
    }
    let refs = vm.reference_count();
    same("refs", &expected.refs.unwrap_or(refs), &refs)
}

fn compare_context(expected: &Context, actual: &ContextView) -> Result<(), String> {
    same("position", &expected.position, &actual.position)?;
    same("next", &expected.next.to_uppercase(), &actual.next.map(|next| next.to_string()).unwrap_or_default())?;
    if let Some(stack) = &expected.stack {
        same("stack", &suite::show_all(stack), &shown::top_first(&actual.stack))?;
    }
    same("arguments", &suite::show_all(&expected.arguments), &shown::in_order(&actual.arguments))?;
    same("locals", &suite::show_all(&expected.locals), &shown::in_order(&actual.locals))?;
    same("statics", &suite::show_all(&expected.statics), &shown::in_order(&actual.statics))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, actual: &T) -> Result<(), String> {
    if expected == actual { Ok(()) } else { Err(format!("{what}: expected {expected:?} got {actual:?}")) }
}
