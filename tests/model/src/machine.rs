//! The machine. Sources: `ExecutionEngine.cs`, `ExecutionContext.cs`,
//! `EvaluationStack.cs`, `ExecutionEngineLimits.cs`.

use std::{cell::RefCell, rc::Rc};

use num_bigint::BigInt;
use serde::{Deserialize, Serialize};

use crate::{
    counter::Counter,
    error::{Done, fault},
    host::StubHost,
    integer,
    item::{Compound, Heap, Item, Kind},
    opcode::{Instruction, Op},
};

/// The limits of an execution (`ExecutionEngineLimits.cs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names are the reference's")]
pub struct Limits {
    pub max_shift: u32,
    pub max_stack_size: u32,
    pub max_item_size: u32,
    pub max_comparable_size: u32,
    pub max_invocation_stack_size: u32,
    pub max_try_nesting_depth: u32,
    pub catch_engine_exceptions: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_shift: 256,
            max_stack_size: 2048,
            max_item_size: 131_070,
            max_comparable_size: 65_536,
            max_invocation_stack_size: 1024,
            max_try_nesting_depth: 16,
            catch_engine_exceptions: true,
        }
    }
}

/// The handler table of an execution (`ApplicationEngine.cs` of the node).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hardfork {
    /// The table before Echidna.
    NotEchidna,
    /// The table from Echidna on and before Gorgon.
    NotGorgon,
    /// The table from Gorgon on.
    #[default]
    Default,
}

/// The settings of an execution.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup<'a> {
    /// The gas limit in datoshi; `None` for no limit.
    pub gas_limit: Option<u64>,
    /// The limits.
    pub limits: Limits,
    /// The handler table.
    pub hardfork: Hardfork,
    /// The host. Without a host, SYSCALL faults.
    pub host: Option<&'a StubHost>,
}

/// The reason why an execution failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The message of the innermost exception.
    pub message: String,
    /// The position of the current context, in bytes; `None` if there is no context.
    pub position: Option<usize>,
}

/// The state that the contexts of one load share.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) script: Rc<[u8]>,
    pub(crate) stack: RefCell<Vec<Item>>,
    pub(crate) statics: RefCell<Option<Vec<Item>>>,
}

/// The state of a try block (`ExceptionHandlingState.cs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TryState {
    Try,
    Catch,
    Finally,
}

/// A try block (`ExceptionHandlingContext.cs`). A negative position means that the block is missing.
#[derive(Debug)]
pub(crate) struct Try {
    pub(crate) catch: i32,
    pub(crate) finally: i32,
    pub(crate) end: i32,
    pub(crate) state: TryState,
}

/// A context on the invocation stack.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) load: Rc<Load>,
    /// The number of items that the context must return; -1 for any number.
    pub(crate) return_count: i32,
    pub(crate) position: usize,
    pub(crate) locals: Option<Vec<Item>>,
    pub(crate) arguments: Option<Vec<Item>>,
    /// The try blocks; `None` until the first TRY.
    pub(crate) tries: Option<Vec<Try>>,
}

/// The price of a unit, in datoshi.
const FEE_FACTOR: u64 = 30;

/// The number of contexts whose items are shown. Those below mostly have similar items.
pub const SHOWN_CONTEXTS: usize = 4;

/// A machine that executes one script.
pub struct Machine<'a> {
    pub(crate) contexts: Vec<Context>,
    pub(crate) results: Vec<Item>,
    pub(crate) counter: Counter,
    /// The exception for which a handler is being searched.
    pub(crate) pending: Option<Item>,
    /// Whether the instruction has set the position of the next one.
    pub(crate) jumping: bool,
    pub(crate) limits: Limits,
    pub(crate) hardfork: Hardfork,
    pub(crate) host: Option<&'a StubHost>,
    heap: Heap,
    gas_limit: Option<u64>,
    units: u64,
    instructions: u64,
    halted: bool,
    fault: Option<Fault>,
}

impl<'a> Machine<'a> {
    /// Creates a machine at the start of a script. If the limits allow no context, nothing is loaded
    /// and the machine halts at once.
    pub fn new(script: &[u8], setup: &Setup<'a>) -> Self {
        let mut machine = Self {
            contexts: Vec::new(),
            results: Vec::new(),
            counter: Counter::default(),
            pending: None,
            jumping: false,
            limits: setup.limits,
            hardfork: setup.hardfork,
            host: setup.host,
            heap: Heap::default(),
            gas_limit: setup.gas_limit,
            units: 0,
            instructions: 0,
            halted: false,
            fault: None,
        };
        let _ = machine.load_script(script, -1);
        machine
    }

    /// Runs until the execution ends.
    pub fn run(&mut self) {
        while !self.ended() {
            self.step();
        }
    }

    /// Runs one instruction, unless the execution has ended.
    pub fn step(&mut self) {
        if self.ended() {
            return;
        }
        if self.contexts.is_empty() {
            self.halted = true;
            return;
        }
        match self.execute_next() {
            Ok(()) => self.halted = self.contexts.is_empty(),
            Err(error) => self.fault = Some(Fault { message: error.message, position: self.position() }),
        }
    }

    /// Returns whether the execution has halted or faulted.
    pub fn ended(&self) -> bool {
        self.halted || self.fault.is_some()
    }

    /// Returns whether the execution has halted, which it does when the last context returns.
    pub fn halted(&self) -> bool {
        self.halted
    }

    /// Returns the fault, if the execution failed.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// Returns the gas consumed, in datoshi.
    pub fn gas(&self) -> u64 {
        self.units * FEE_FACTOR
    }

    /// Returns the number of instructions begun.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Returns the reference count.
    pub fn references(&self) -> i64 {
        self.counter.count
    }

    /// Returns the number of contexts on the invocation stack.
    pub fn depth(&self) -> usize {
        self.contexts.len()
    }

    /// Returns the position of the current context, in bytes.
    pub fn position(&self) -> Option<usize> {
        self.contexts.last().map(|context| context.position)
    }

    /// Returns the current evaluation stack, bottom first, or the results once all contexts have
    /// returned.
    pub fn stack(&self) -> Vec<Item> {
        match self.contexts.last() {
            Some(context) => context.load.stack.borrow().clone(),
            None => self.results.clone(),
        }
    }

    /// Returns the items of the current context and of a few below it, or the results once all
    /// contexts have returned. For each context these are the evaluation stack, local variables,
    /// arguments and static fields, each preceded by their number.
    pub fn items(&self) -> Vec<Item> {
        if self.contexts.is_empty() {
            return self.results.clone();
        }
        let mut all = Vec::new();
        let mut add = |items: &[Item]| {
            all.push(Item::small(items.len()));
            all.extend_from_slice(items);
        };
        for context in self.contexts.iter().rev().take(SHOWN_CONTEXTS) {
            add(&context.load.stack.borrow());
            add(context.locals.as_deref().unwrap_or_default());
            add(context.arguments.as_deref().unwrap_or_default());
            add(context.load.statics.borrow().as_deref().unwrap_or_default());
        }
        all
    }

    /// Returns the exception for which a handler is being searched, or for which none was found.
    pub fn pending(&self) -> Option<&Item> {
        self.pending.as_ref()
    }

    /// Returns the opcode that runs next, which is RET past the last byte. Returns `None` if there is
    /// no valid instruction or no context is left.
    pub fn next_op(&self) -> Option<Op> {
        let context = self.contexts.last()?;
        let script = &context.load.script;
        let next = if context.position < script.len() {
            Instruction::decode(script, context.position).ok()?
        } else {
            Instruction::END
        };
        Some(next.op)
    }

    fn execute_next(&mut self) -> Done {
        let here = self.contexts.len() - 1;
        let position = self.contexts[here].position;
        let script = Rc::clone(&self.contexts[here].load.script);
        let behind = position >= script.len();
        let instruction = if behind { Instruction::END } else { Instruction::decode(&script, position)? };
        self.charge(instruction.op)?;
        self.jumping = false;
        match self.execute(&instruction) {
            Err(error) if error.catchable && self.limits.catch_engine_exceptions => {
                self.throw(Item::bytes(error.message.as_bytes()))?;
            }
            result => result?,
        }
        let (count, limit) = (self.counter.count, self.limits.max_stack_size);
        if count > i64::from(limit) {
            return fault(format!("MaxStackSize exceed: {count}/{limit}"));
        }
        if !self.jumping && !behind {
            self.contexts[here].position += instruction.size;
        }
        Ok(())
    }

    /// Charges for an instruction before it runs, including the one that exceeds the gas limit
    /// (`ApplicationEngine.cs` of the node).
    fn charge(&mut self, op: Op) -> Done {
        self.instructions += 1;
        self.units += op.price();
        match self.gas_limit {
            Some(limit) if self.gas() > limit => fault("Insufficient GAS."),
            _ => Ok(()),
        }
    }

    /// Loads a script with an evaluation stack and static fields of its own.
    pub(crate) fn load_script(&mut self, script: &[u8], return_count: i32) -> Done {
        if !(-1..=65535).contains(&return_count) {
            return fault(format!("Out of range: {return_count} (Parameter 'rvcount')"));
        }
        let load = Load { script: script.into(), stack: RefCell::default(), statics: RefCell::default() };
        self.load_context(Rc::new(load), return_count, 0)
    }

    pub(crate) fn load_context(&mut self, load: Rc<Load>, return_count: i32, position: usize) -> Done {
        let depth = self.contexts.len();
        if depth >= self.limits.max_invocation_stack_size as usize {
            return fault(format!("MaxInvocationStackSize exceed: {depth}"));
        }
        self.contexts.push(Context { load, return_count, position, locals: None, arguments: None, tries: None });
        Ok(())
    }

    /// Removes the current context and releases the items that only it has.
    pub(crate) fn unload(&mut self) {
        let Some(gone) = self.contexts.pop() else { return };
        let shared = self.contexts.last().is_some_and(|context| Rc::ptr_eq(&context.load, &gone.load));
        let statics = if shared { None } else { gone.load.statics.borrow().clone() };
        for item in [statics, gone.locals, gone.arguments].into_iter().flatten().flatten() {
            self.counter.remove(&item);
        }
    }

    /// Returns the current context. Handlers always run in one.
    pub(crate) fn context(&mut self) -> &mut Context {
        self.contexts.last_mut().expect("a handler runs in a context")
    }

    fn load(&self) -> &Load {
        &self.contexts.last().expect("a handler runs in a context").load
    }

    pub(crate) fn stack_len(&self) -> usize {
        self.load().stack.borrow().len()
    }

    pub(crate) fn push(&mut self, item: Item) {
        self.counter.add(&item);
        self.load().stack.borrow_mut().push(item);
    }

    pub(crate) fn push_integer(&mut self, value: impl Into<BigInt>) -> Done {
        self.push(Item::integer(value.into())?);
        Ok(())
    }

    /// Pushes a new array or struct.
    pub(crate) fn push_list(&mut self, kind: Kind, values: Vec<Item>) {
        let list = self.heap.make(kind, Vec::new(), values);
        self.push(Item::Compound(list));
    }

    pub(crate) fn new_compound(&mut self, kind: Kind, values: Vec<Item>) -> Rc<Compound> {
        self.heap.make(kind, Vec::new(), values)
    }

    /// Returns the item at a depth; 0 is the top.
    pub(crate) fn peek(&self, index: usize) -> Done<Item> {
        let stack = self.load().stack.borrow();
        let count = stack.len();
        if index >= count {
            return fault(format!("Peek index is out of stack bounds: {index}/{count}"));
        }
        Ok(stack[count - index - 1].clone())
    }

    /// Removes the item at a depth. Faults with a message that names the expected type if the item is
    /// of another one.
    fn remove_typed(&mut self, index: usize, type_name: &str, is: impl Fn(&Item) -> bool) -> Done<Item> {
        let count = self.stack_len();
        if index >= count {
            return fault(format!("Out of stack bounds: {index}/{count} (Parameter 'index')"));
        }
        let position = count - index - 1;
        if !is(&self.load().stack.borrow()[position]) {
            return fault(format!("The item can't be casted to type Neo.VM.Types.{type_name}"));
        }
        let item = self.load().stack.borrow_mut().remove(position);
        self.counter.remove(&item);
        Ok(item)
    }

    pub(crate) fn remove(&mut self, index: usize) -> Done<Item> {
        self.remove_typed(index, "StackItem", |_| true)
    }

    pub(crate) fn pop(&mut self) -> Done<Item> {
        self.remove(0)
    }

    pub(crate) fn pop_primitive(&mut self) -> Done<Item> {
        self.remove_typed(0, "PrimitiveType", Item::is_primitive)
    }

    pub(crate) fn pop_pointer(&mut self) -> Done<Item> {
        self.remove_typed(0, "Pointer", |item| matches!(item, Item::Pointer(..)))
    }

    pub(crate) fn pop_buffer(&mut self) -> Done<Rc<RefCell<Vec<u8>>>> {
        match self.remove_typed(0, "Buffer", |item| matches!(item, Item::Buffer(_)))? {
            Item::Buffer(buffer) => Ok(buffer),
            _ => fault("no buffer"),
        }
    }

    /// Pops a compound of one of the given kinds.
    pub(crate) fn pop_compound(&mut self, type_name: &str, kinds: &[Kind]) -> Done<Rc<Compound>> {
        let is = |item: &Item| matches!(item, Item::Compound(compound) if kinds.contains(&compound.kind));
        match self.remove_typed(0, type_name, is)? {
            Item::Compound(compound) => Ok(compound),
            _ => fault("no compound"),
        }
    }

    pub(crate) fn pop_integer(&mut self) -> Done<BigInt> {
        self.pop()?.to_integer()
    }

    pub(crate) fn pop_boolean(&mut self) -> Done<bool> {
        self.pop()?.to_boolean()
    }

    /// Pops an integer and casts it to 32 bits.
    pub(crate) fn pop_i32(&mut self) -> Done<i32> {
        integer::to_i32(&self.pop_integer()?)
    }

    pub(crate) fn pop_span(&mut self) -> Done<Vec<u8>> {
        self.pop()?.span()
    }

    /// Modifies the current evaluation stack without updating the reference count.
    pub(crate) fn with_stack<R>(&mut self, action: impl FnOnce(&mut Vec<Item>) -> R) -> R {
        action(&mut self.load().stack.borrow_mut())
    }
}
