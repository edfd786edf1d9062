//! What is run, and with what: the options that `run`, `jit` and `bench` share.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use neovm::{
    Code, ContextView, Engine, EngineConfig, Gas, Hardfork, Host, LoadOptions, NoHost, Outcome, RunOptions, StackItem,
    Stop, Vm, load_method,
    types::manifest::{Abi, Method, ParameterType},
};

use crate::{
    Usage, args,
    input::{self, Program, Source, TEST_GAS},
    interrupt,
    manifest::ManifestFile,
    methods,
    place::Site,
    report::{self, Syscalls},
    terminal,
};

/// What is run, and with what.
#[derive(clap::Args)]
pub(crate) struct Invocation {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    pub(crate) call: Call,
    /// The gas limit, in datoshi (10^-8 GAS); 20 GAS unless given, as nodes allow
    /// for test invocations
    #[arg(long, value_name = "DATOSHI", default_value_t = TEST_GAS, value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) gas: i64,
    /// The hardfork whose rules are followed: Genesis, Aspidochelone, Basilisk,
    /// Cockatrice, Domovoi, Echidna, Faun, Gorgon, Huyao or Iara. The names of the
    /// reference's jump tables work too: Default (Gorgon), NotGorgon (Faun) and
    /// NotEchidna (Domovoi)
    #[arg(long, value_name = "NAME", default_value_t, value_parser = input::hardfork)]
    pub(crate) hardfork: Hardfork,
    /// Stop after N instructions and show the state so far; the exit code is 1
    #[arg(long, value_name = "N")]
    pub(crate) max_instructions: Option<u64>,
    /// Take system calls from this file, which says what each pops and pushes. They
    /// cost nothing
    #[arg(long, value_name = "STUB.json")]
    pub(crate) host: Option<PathBuf>,
}

/// The method to call, and its arguments.
#[derive(clap::Args)]
pub(crate) struct Call {
    /// Call this method of the contract, after _initialize if it has one
    #[arg(long, value_name = "NAME")]
    pub(crate) method: Option<String>,
    /// Arguments, the first one on top of the stack
    ///
    /// They are written by the types of the method's parameters:
    ///   Integer               10, -5
    ///   Boolean               true, false
    ///   String                the text itself
    ///   ByteArray             0x00ff, otherwise the bytes of the text
    ///   Hash160               0x and 40 digits in the order that people see, or an address
    ///   Hash256               64 digits in the order that people see, with or without 0x
    ///   PublicKey, Signature  66 or 128 digits, with or without 0x
    ///   Array, Map, Any       JSON: "text", 5, true, null, [1,2], {"key":1}
    ///
    /// null is Null, except for String and ByteArray. Arguments of a script without a
    /// method are JSON.
    ///
    /// Each may also be written as for the RPC call invokefunction, and so may the
    /// items of arrays and maps: {"type":"Hash160","value":"0x.."}, bytes in base64.
    ///
    /// A value that starts with a dash and is no option is an argument if the
    /// parameter is a String. After --, everything is an argument.
    #[arg(allow_negative_numbers = true, verbatim_doc_comment)]
    pub(crate) args: Vec<String>,
    /// What clap says of arguments that look like options, see [`Call::words`].
    #[arg(skip)]
    pub(crate) unknown: Option<String>,
}

/// A machine that is ready to run.
pub(crate) struct Prepared<'a> {
    pub(crate) vm: Vm,
    pub(crate) code: Arc<Code>,
    pub(crate) host: Box<dyn Host>,
    /// The method that was called.
    pub(crate) method: Option<&'a Method>,
    /// How long it took to decode the script.
    pub(crate) decoding: Duration,
}

impl Invocation {
    /// The settings of the engine that is to run it.
    pub(crate) fn config(&self) -> EngineConfig {
        EngineConfig::default().with_hardfork(self.hardfork)
    }

    /// Whether the script is read from standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        self.source.is_stdin()
    }

    /// Reads the program, and warns if its manifest cannot be used or looks like that
    /// of another contract.
    pub(crate) fn read(&self) -> Result<Program> {
        let program = self.source.read()?;
        match (&self.call.method, &program.manifest) {
            (None, ManifestFile::Faulty(why)) => {
                terminal::warn(&format!("{why}; the script runs from its first byte"));
            }
            (None, ManifestFile::Missing(path)) => {
                let path = input::name_of(path);
                terminal::warn(&format!("there is no manifest {path}; the script runs from its first byte"));
            }
            (None, ManifestFile::None) if program.nef.is_some() => {
                terminal::warn(&format!("{} has no manifest; the script runs from its first byte", program.name));
            }
            (Some(_), ManifestFile::Read(..)) if program.check_manifest().is_ok() => program.warn_about_manifest(),
            _ => {}
        }
        Ok(program)
    }

    /// Loads a program into a new machine.
    pub(crate) fn prepare<'a>(&self, engine: &Engine, program: &'a Program) -> Result<Prepared<'a>> {
        let host: Box<dyn Host> = match &self.host {
            Some(path) => Box::new(input::stub_host(path)?),
            None => Box::new(NoHost),
        };
        let mut vm = engine.vm(RunOptions::new(Gas::from_datoshi(self.gas)));
        vm.set_budget(self.max_instructions);
        let begun = Instant::now();
        let code = engine.prepare(&program.script)?;
        let decoding = begun.elapsed();
        let entry = self.call.resolve(program)?;
        entry.load(&mut vm, &code)?;
        Ok(Prepared { vm, code, host, method: entry.method.map(|(_, method)| method), decoding })
    }
}

impl Invocation {
    /// The contexts to show of a run: those before the instruction that faulted, or
    /// as it was stopped.
    pub(crate) fn sites(&self, engine: &Engine, program: &Program, vm: &Vm, outcome: &Outcome) -> Vec<Site> {
        let replayed = if report::needs_replay(outcome) { self.replayed(engine, program, vm, outcome) } else { None };
        let contexts = if *outcome == Outcome::Halt { None } else { replayed.or_else(|| Some(vm.contexts())) };
        Site::of_program(program, contexts.unwrap_or_default())
    }

    /// The contexts of a second run, up to the fault. None if that is interrupted
    /// or ends otherwise.
    fn replayed(&self, engine: &Engine, program: &Program, vm: &Vm, outcome: &Outcome) -> Option<Vec<ContextView>> {
        let mut again = self.prepare(engine, program).ok()?;
        again.vm.set_interrupt(Some(interrupt::flag()));
        // Bytes that are no instruction do not count as one.
        again.vm.set_budget(Some(vm.instructions().saturating_sub(1)));
        if !matches!(again.vm.run(again.host.as_mut()), Outcome::Stopped(Stop::Budget)) {
            return None;
        }
        for _ in 0..2 {
            let contexts = again.vm.contexts();
            if let Some(end) = again.vm.step(again.host.as_mut()) {
                return (end == *outcome).then_some(contexts);
            }
        }
        None
    }

    /// Where system calls come from without a chain.
    pub(crate) fn syscalls(&self) -> Syscalls {
        if self.host.is_some() { Syscalls::Stub } else { Syscalls::None }
    }
}

/// Where execution begins, and with which arguments.
pub(crate) struct Entry<'a> {
    pub(crate) method: Option<(&'a Abi, &'a Method)>,
    pub(crate) items: Vec<StackItem>,
}

impl Call {
    /// Finds the method and reads the arguments.
    pub(crate) fn resolve<'a>(&self, program: &'a Program) -> Result<Entry<'a>> {
        let Some(name) = &self.method else {
            require_method(program)?;
            return Ok(Entry { method: None, items: args::untyped(&self.words(|_| false).map_err(Usage)?)? });
        };
        let abi = &program.require_manifest().context("--method needs a manifest")?.abi;
        program.check_manifest()?;
        let method = abi.method(name, Some(self.args.len()));
        let parameters = method.map(|method| &method.parameters[..]).unwrap_or_default();
        let is_text = |i: usize| parameters.get(i).is_some_and(|it| it.parameter_type == ParameterType::String);
        let words = self.words(is_text).map_err(Usage)?;
        let method = methods::find(abi, name, words.len())?;
        Ok(Entry { method: Some((abi, method)), items: args::of_method(&words, &method.parameters)? })
    }
}

/// A contract is entered at its methods: the first byte means nothing.
fn require_method(program: &Program) -> Result<()> {
    let Some(manifest) = program.manifest() else { return Ok(()) };
    program.warn_about_manifest();
    let list = methods::indented(&methods::list(methods::callable(&manifest.abi)));
    let text = format!("which method of {}? Add --method and one of\n{list}", manifest.name.escape_debug());
    Err(Usage(text).into())
}

impl Entry<'_> {
    /// The arguments for one run, which may change what is in them.
    pub(crate) fn fresh_items(&self) -> Vec<StackItem> {
        self.items.iter().map(|item| item.deep_copy(false)).collect()
    }

    pub(crate) fn load(&self, vm: &mut Vm, code: &Arc<Code>) -> Result<()> {
        let items = self.fresh_items();
        match self.method {
            Some((abi, method)) => load_method(vm, code, abi, method, items)
                .with_context(|| format!("method {} starts at byte {}", method.name, method.offset)),
            None => {
                vm.load(Arc::clone(code), LoadOptions::default())?;
                items.into_iter().rev().for_each(|item| vm.push(item));
                Ok(())
            }
        }
    }
}
