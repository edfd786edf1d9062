//! The JSON suite of the C# engine, if `../shared/vm-tests` lies next to the project, compared as the
//! C# engine's own harness compares: a test for each file and mode, named `folders::file::mode`.
//!
//! Source: `VMJsonTestBase.cs`, `Types/TestEngine.cs` of the reference's tests.

mod format;
mod shown;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use format::{Case, Context, Expected, Suite};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use neovm::{
    Caller, Code, ContextView, Debugger, FaultKind, Host, HostError, LoadOptions, RunOptions, StackItem, Vm, VmConfig,
    types::item::Interop,
};
use neovm_testing::{Compiler, Mode, say, shared};

/// Cases that show the engine after v3.10.1, in which ROLL by 0 on an empty
/// stack faults. They must differ.
const LATER_VERSION: [(&str, &str); 1] = [("ROLL", "With 0 and empty stack")];

/// The number of files, cases and steps that the suite has at least.
const COUNTS: (usize, usize, usize) = (163, 782, 1521);

fn main() -> ExitCode {
    let trials = match shared("vm-tests") {
        Some(folder) => trials(&folder),
        None => {
            say("SKIPPED: all of tests/json_suite: there is no ../shared/vm-tests next to the project");
            vec![Trial::ignorable_test("vm-tests", || Ok(Completion::ignored_with("there is no ../shared/vm-tests")))]
        }
    };
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trials(folder: &Path) -> Vec<Trial> {
    let mut files = Vec::new();
    list_files(folder, &mut files);
    files.sort();
    let mut trials = Vec::new();
    for file in &files {
        let name = file.strip_prefix(folder).unwrap().with_extension("").display().to_string().replace('/', "::");
        for mode in Mode::ALL {
            let file = file.clone();
            trials.push(Trial::ignorable_test(format!("{name}::{mode}"), move || check_file(&file, mode)));
        }
    }
    let all = Arc::new(files);
    for jit in Mode::COMPILED {
        let (mode, files) = (Mode::Compiled(jit), Arc::clone(&all));
        let test = move || check_entries(&files, mode);
        trials.push(Trial::ignorable_test(format!("compiled_code_is_entered::{mode}"), test));
    }
    trials.push(Trial::test("the_suite_is_whole", move || check_counts(&all)));
    trials
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

fn read(file: &Path) -> Suite {
    let text = fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn check_counts(files: &[PathBuf]) -> Result<(), Failed> {
    let cases: Vec<Case> = files.iter().flat_map(|file| read(file).tests).collect();
    let counts = (files.len(), cases.len(), cases.iter().map(|case| case.steps.len()).sum::<usize>());
    let is_whole = counts.0 >= COUNTS.0 && counts.1 >= COUNTS.1 && counts.2 >= COUNTS.2;
    if is_whole { Ok(()) } else { Err(format!("(files, cases, steps) {counts:?}, expected {COUNTS:?}").into()) }
}

/// Runs the cases of a file in a mode.
fn check_file(file: &Path, mode: Mode) -> Result<Completion, Failed> {
    let Some(mut runner) = Runner::new(mode) else { return Ok(not_compiled()) };
    let suite = read(file);
    let mut failures = Vec::new();
    for case in &suite.tests {
        let is_later = LATER_VERSION.contains(&(&suite.name, &case.name));
        match runner.run(case) {
            Ok(()) if is_later => failures.push(format!("{}: passes unexpectedly", case.name)),
            Err(difference) if !is_later => failures.push(format!("{}: {difference}", case.name)),
            _ => {}
        }
    }
    if failures.is_empty() { Ok(Completion::Completed) } else { Err(failures.join("\n").into()) }
}

/// Runs cases until one enters compiled code: a mode in which none does proves nothing.
fn check_entries(files: &[PathBuf], mode: Mode) -> Result<Completion, Failed> {
    let Some(mut runner) = Runner::new(mode) else { return Ok(not_compiled()) };
    for case in files.iter().flat_map(|file| read(file).tests) {
        // The tests of the files compare the outcomes.
        let _ = runner.run(&case);
        if runner.compiler.as_ref().is_some_and(|compiler| compiler.entered() > 0) {
            return Ok(Completion::Completed);
        }
    }
    Err("compiled code was never entered".into())
}

fn not_compiled() -> Completion {
    Completion::ignored_with("nothing is compiled on this platform")
}

/// Runs cases in a mode.
struct Runner {
    mode: Mode,
    /// In modes that compile.
    compiler: Option<Compiler>,
}

impl Runner {
    /// Returns `None` if the mode compiles and nothing is compiled here.
    fn new(mode: Mode) -> Option<Self> {
        let compiler = if mode.is_compiled() { Some(Compiler::new(mode.jit())?) } else { None };
        Some(Self { mode, compiler })
    }

    fn run(&mut self, case: &Case) -> Result<(), String> {
        let Some(compiler) = &mut self.compiler else {
            let config = VmConfig::default().with_dispatch(self.mode.dispatch());
            let decode = |script: Vec<u8>| Code::decode(script.into(), &config.prices).map(Arc::new);
            return run_case(case, self.mode, &config, decode);
        };
        for turn in 0..compiler.runs() {
            run_case(case, self.mode, &compiler.config(), |script| compiler.prepare(script))
                .map_err(|difference| format!("run {turn}: {difference}"))?;
            compiler.wait();
        }
        Ok(())
    }
}

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

/// Runs a case.
fn run_case(
    case: &Case,
    mode: Mode,
    config: &VmConfig,
    decode: impl FnOnce(Vec<u8>) -> Result<Arc<Code>, FaultKind>,
) -> Result<(), String> {
    let mut vm = Vm::new(config.clone(), RunOptions::default());
    let script = case.script();
    if !script.is_empty() {
        let code = decode(script).map_err(|fault| fault.to_string())?;
        vm.load(code, LoadOptions::default()).map_err(|fault| fault.to_string())?;
    }
    let debugger = Debugger::new();
    for (i, step) in case.steps.iter().enumerate() {
        for action in &step.actions {
            act(action, mode, &debugger, &mut vm);
        }
        compare(&step.result, &vm).map_err(|difference| format!("step {i}: {difference}"))?;
    }
    Ok(())
}

fn act(action: &str, mode: Mode, debugger: &Debugger, vm: &mut Vm) {
    match action.to_lowercase().as_str() {
        // As the reference's harness does it.
        "execute" if mode == Mode::Observed => drop(debugger.run(vm, &mut SuiteHost)),
        "execute" => drop(vm.run(&mut SuiteHost)),
        "stepinto" => drop(debugger.step_into(vm, &mut SuiteHost)),
        "stepover" => drop(debugger.step_over(vm, &mut SuiteHost)),
        "stepout" => drop(debugger.step_out(vm, &mut SuiteHost)),
        _ => panic!("unknown action {action}"),
    }
}

/// After a fault only the message is compared, where one is given.
fn compare(expected: &Expected, vm: &Vm) -> Result<(), String> {
    let fault = vm.fault().map(|fault| fault.kind.to_string());
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
        same("results", &format::show_all(results), &shown::top_first(vm.results()))?;
    }
    let refs = vm.reference_count();
    same("refs", &expected.refs.unwrap_or(refs), &refs)
}

fn compare_context(expected: &Context, actual: &ContextView) -> Result<(), String> {
    same("position", &expected.position, &actual.position)?;
    same("next", &expected.next.to_uppercase(), &actual.next.map(|next| next.to_string()).unwrap_or_default())?;
    if let Some(stack) = &expected.stack {
        same("stack", &format::show_all(stack), &shown::top_first(&actual.stack))?;
    }
    same("arguments", &format::show_all(&expected.arguments), &shown::in_order(&actual.arguments))?;
    same("locals", &format::show_all(&expected.locals), &shown::in_order(&actual.locals))?;
    same("statics", &format::show_all(&expected.statics), &shown::in_order(&actual.statics))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, actual: &T) -> Result<(), String> {
    if expected == actual { Ok(()) } else { Err(format!("{what}: expected {expected:?} got {actual:?}")) }
}
