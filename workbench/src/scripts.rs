//! The scripts that run in an execution.

use std::{cell::OnceCell, collections::HashMap, sync::Arc};

use neovm::{
    Engine, Execution, FaultKind, Hash160, LoadId, Script, Vm,
    host::{self, Contract},
    types::manifest::{Event, Method},
};
use serde_json::Value;

use crate::{debug_info::DebugInfo, functions::Functions, trace::instruction};

/// A script that runs: whose it is, and what is known of it.
#[derive(Debug)]
pub struct RunningScript {
    /// The bytes.
    pub script: Script,
    /// The hash of the script, or of the contract that it belongs to.
    pub hash: Hash160,
    /// The name of the contract, or what the script is called without one.
    pub name: String,
    /// The contract, if the script is one's.
    pub contract: Option<Arc<Contract>>,
    /// The functions.
    pub functions: Functions,
    /// What the compiler tells of it, if that is known.
    pub debug: Option<Arc<DebugInfo>>,
    /// What traces show of the instructions that were asked for, by position.
    texts: HashMap<usize, Texts>,
    /// Where instructions begin, once that was asked for.
    starts: OnceCell<Box<[usize]>>,
}

/// What traces show of an instruction whenever it runs.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    /// The instruction as text.
    pub(crate) text: Box<str>,
    /// The fields of the JSON form that do not change.
    pub(crate) fields: Box<str>,
}

impl RunningScript {
    /// Describes a script.
    pub fn new(script: &Script, hash: Hash160, name: String, methods: &[Method]) -> Self {
        let functions = Functions::new(script, methods);
        Self {
            script: script.clone(),
            hash,
            name,
            contract: None,
            functions,
            debug: None,
            texts: HashMap::new(),
            starts: OnceCell::new(),
        }
    }

    fn of_chain(script: &Script, running: host::RunningScript, is_first: bool) -> Self {
        match running.contract {
            Some(contract) => {
                let manifest = &contract.state().manifest;
                let name = manifest.name.escape_debug().to_string();
                Self {
                    contract: Some(Arc::clone(&contract)),
                    ..Self::new(script, running.hash, name, &manifest.abi.methods)
                }
            }
            None => Self {
                script: script.clone(),
                hash: running.hash,
                name: if is_first { "entry script" } else { "script" }.into(),
                contract: None,
                // An execution may load any number of scripts; nobody asks for the functions of those without methods.
                functions: Functions::default(),
                debug: None,
                texts: HashMap::new(),
                starts: OnceCell::new(),
            },
        }
    }

    /// What traces show of the instruction at a position.
    pub(crate) fn texts(&mut self, position: usize) -> &Texts {
        if !self.texts.contains_key(&position) {
            let texts = Texts::new(self, position);
            self.texts.insert(position, texts);
        }
        &self.texts[&position]
    }

    /// Returns the name of the function that begins at a position: that of the method,
    /// or by the debug information, or else the position. It is empty for the beginning of
    /// a script that is no contract.
    pub fn function_name(&self, start: usize) -> String {
        if let Some(method) = self.functions.method_at(start) {
            return method.name.escape_debug().to_string();
        }
        let known = self.debug.as_ref().and_then(|info| info.method_at(start));
        match known.filter(|method| *method.range.start() == start) {
            Some(method) => method.name.escape_debug().to_string(),
            None if self.contract.is_none() && start == 0 => String::new(),
            None => format!("function at byte {start}"),
        }
    }

    /// Returns the positions where instructions begin, in order.
    pub fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| self.script.instructions().map(|(start, _)| start).collect())
    }

    /// Returns the event of the contract's manifest with a name.
    pub fn event(&self, name: &str) -> Option<&Event> {
        let contract = self.contract.as_ref()?;
        contract.state().manifest.abi.events.iter().find(|event| &*event.name == name)
    }
}

impl Texts {
    fn new(script: &RunningScript, position: usize) -> Self {
        let text = instruction(&script.script, position);
        let quoted = |text: &str| Value::from(text).to_string();
        let method = match script.functions.at(position) {
            Some((_, Some(method))) => format!(",\"method\":{}", quoted(&method.name)),
            _ => String::new(),
        };
        let opcode = match script.script.instruction(position) {
            Ok(instruction) => quoted(instruction.opcode.mnemonic()),
            Err(_) if position == script.script.len() => quoted("RET"),
            Err(_) => "null".into(),
        };
        let fields = format!(
            "\"contract\":\"{}\",\"name\":{}{method},\"offset\":{position},\"opcode\":{opcode},\"text\":{}",
            script.hash,
            quoted(&script.name),
            quoted(&text)
        );
        Self { text: text.into(), fields: fields.into() }
    }
}

/// The scripts of an execution. Each is described once.
#[derive(Debug, Default)]
pub struct Scripts {
    all: Vec<RunningScript>,
    /// Their places, by hash and the address of the bytes: a contract may be updated while it runs.
    places: HashMap<(Hash160, usize), usize>,
    current: Option<(LoadId, usize)>,
    debug: Vec<(Script, Arc<DebugInfo>)>,
}

impl Scripts {
    /// Scripts of which one is described already.
    pub fn with(script: RunningScript) -> Self {
        let place = (script.hash, script.script.bytes().as_ptr().addr());
        Self { all: vec![script], places: HashMap::from([(place, 0)]), ..Self::default() }
    }

    /// Adds what a compiler tells of a script, before the script runs.
    pub fn add_debug_info(&mut self, script: &Script, info: Arc<DebugInfo>) {
        self.debug.push((script.clone(), info));
    }

    /// Returns the place of the current script of an execution, if one is loaded.
    pub fn current(&mut self, execution: &Execution<'_>) -> Option<usize> {
        let vm = execution.vm();
        self.find(vm, || execution.running_script().unwrap_or_else(|| alone(vm)))
    }

    /// Returns the place of the current script of a machine without a chain.
    pub fn current_of(&mut self, vm: &Vm) -> Option<usize> {
        self.find(vm, || alone(vm))
    }

    fn find(&mut self, vm: &Vm, running: impl FnOnce() -> host::RunningScript) -> Option<usize> {
        let load = vm.current_load()?;
        if let Some((known, place)) = self.current
            && known == load
        {
            return Some(place);
        }
        let place = self.place(vm.script()?, running(), vm.loads().len() == 1);
        self.current = Some((load, place));
        Some(place)
    }

    /// Returns the places of the scripts of all contexts on the invocation stack, the
    /// current one first.
    pub(crate) fn of_contexts(&mut self, execution: &Execution<'_>) -> Vec<usize> {
        let vm = execution.vm();
        let first = vm.loads().last();
        let contexts = vm.invocation_stack().zip(execution.running_scripts());
        contexts.map(|(context, running)| self.place(context.script, running, Some(context.load) == first)).collect()
    }

    /// The place of a script, which is described if it is new.
    fn place(&mut self, script: &Script, running: host::RunningScript, is_first: bool) -> usize {
        let key = (running.hash, script.bytes().as_ptr().addr());
        *self.places.entry(key).or_insert_with(|| {
            let debug = self.debug.iter().find(|(of, _)| of == script).map(|(_, info)| Arc::clone(info));
            let described = RunningScript::of_chain(script, running, is_first);
            self.all.push(RunningScript { debug, ..described });
            self.all.len() - 1
        })
    }

    /// Describes a contract before it runs.
    ///
    /// # Errors
    /// A fault if the contract's script cannot be used.
    pub fn add_contract(&mut self, contract: &Arc<Contract>, engine: &Engine) -> Result<(), FaultKind> {
        let code = contract.code(engine)?;
        let hash = contract.state().hash;
        self.place(code.script(), host::RunningScript { hash, contract: Some(Arc::clone(contract)) }, false);
        Ok(())
    }

    /// Returns all scripts, in the order of their places.
    pub fn all(&self) -> &[RunningScript] {
        &self.all
    }

    /// Returns the place of a script that is described already.
    pub(crate) fn known(&self, script: &Script, hash: Hash160) -> Option<usize> {
        self.places.get(&(hash, script.bytes().as_ptr().addr())).copied()
    }

    /// Forgets which script is the current one: the next execution that is asked about may
    /// be another one.
    pub(crate) fn forget_current(&mut self) {
        self.current = None;
    }

    /// Returns the script at a place.
    ///
    /// # Panics
    /// If the place is not one that was returned.
    pub fn get(&self, place: usize) -> &RunningScript {
        &self.all[place]
    }

    /// Returns the script at a place, see [`Scripts::get`].
    ///
    /// # Panics
    /// If the place is not one that was returned.
    pub fn get_mut(&mut self, place: usize) -> &mut RunningScript {
        &mut self.all[place]
    }

    /// Returns the script with a hash that was described last.
    pub fn with_hash(&self, hash: Hash160) -> Option<&RunningScript> {
        self.all.iter().rev().find(|script| script.hash == hash)
    }
}

/// A script without a chain belongs to no contract.
fn alone(vm: &Vm) -> host::RunningScript {
    host::RunningScript { hash: vm.script().map(Script::hash).unwrap_or_default(), contract: None }
}
