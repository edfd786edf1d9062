//! Contracts that use storage, notify, and call each other and native contracts, and scripts that
//! call them.

mod calls;

use neovm_types::{
    CallFlags, Hash160,
    OpCode::*,
    hash::syscall_id,
    manifest::{Abi, ContractDescriptor, Event, Manifest, Method, Parameter, ParameterType, Permission, Wildcard},
    nef::{MethodToken, NefFile},
};

use super::{Held, SLOTS, SystemCalls};
use crate::{
    random::Random,
    scripter::{Label, Scripter, Statement},
};

/// What contracts can call on a chain.
#[derive(Clone, Debug)]
pub struct ChainCalls {
    /// The names and hashes of the native contracts.
    pub natives: Vec<(&'static str, Hash160)>,
    /// The hashes of generated contracts.
    pub contracts: Vec<Hash160>,
    /// Whether a script behaves the same whatever ran before it in the same execution and was rolled
    /// back: it asks neither for the gas left, random numbers and counts, nor for the script that
    /// called it.
    pub is_repeatable: bool,
}

/// The methods of each generated contract. All of them have [`SLOTS`] parameters.
const METHODS: [GeneratedMethod; 3] = [
    GeneratedMethod { name: "work", returns: true, safe: false },
    GeneratedMethod { name: "store", returns: false, safe: false },
    GeneratedMethod { name: "look", returns: true, safe: true },
];

/// The method that native tokens call.
const PAYMENT: &str = "onNEP17Payment";

/// The event of each generated contract, with one value of any type.
const EVENT: &str = "event";

/// The longest script that loads in place of a contract.
const LONGEST_LOADED: usize = 250;

/// A method of a generated contract.
#[derive(Clone, Copy)]
struct GeneratedMethod {
    name: &'static str,
    returns: bool,
    safe: bool,
}

/// System calls without arguments whose result differs between executions that [`ChainCalls::is_repeatable`] equates.
const CHANGING: [&str; 6] = [
    "System.Runtime.GasLeft",
    "System.Runtime.GetRandom",
    "System.Runtime.GetInvocationCounter",
    "System.Runtime.GetScriptContainer",
    "System.Runtime.GetEntryScriptHash",
    "System.Runtime.GetCallingScriptHash",
];

/// System calls without arguments.
const QUESTIONS: [&str; 8] = [
    "System.Runtime.GetTime",
    "System.Runtime.GetTrigger",
    "System.Runtime.GetExecutingScriptHash",
    "System.Runtime.Platform",
    "System.Runtime.GetNetwork",
    "System.Runtime.GetAddressVersion",
    "System.Contract.GetCallFlags",
    "System.Runtime.CurrentSigners",
];

/// The statements of methods that write, besides those of all methods, with their weights.
const WRITING: &[(usize, Statement)] = &[
    (6, |scripter| scripter.put()),
    (2, |scripter| scripter.delete()),
    (4, |scripter| scripter.notify()),
    (1, |scripter| scripter.log()),
    (2, |scripter| scripter.call_token()),
    (1, |scripter| scripter.pay()),
    (1, |scripter| scripter.deploy()),
];

/// The statements of all methods, with their weights. They leave the height of the stack unchanged.
const READING: &[(usize, Statement)] = &[
    (4, |scripter| scripter.get()),
    (3, |scripter| scripter.find()),
    (2, |scripter| scripter.look_through_argument()),
    (6, |scripter| scripter.call_contract()),
    (4, |scripter| scripter.call_native()),
    (3, |scripter| scripter.ask()),
    (2, |scripter| scripter.notifications()),
    (1, |scripter| scripter.load_a_script()),
    (1, |scripter| scripter.witness_or_burn()),
    (6, |scripter| scripter.guarded_on_chain()),
    (2, |scripter| scripter.throw_in_loop()),
];

/// Generates a contract. It mostly calls contracts that are already there.
///
/// # Panics
/// If there are no [`SystemCalls::chain`].
pub fn contract(random: &mut Random, name: &str, calls: &SystemCalls) -> (NefFile, Manifest) {
    let chain = calls.chain.as_ref().expect("a chain");
    let tokens = tokens(random, chain);
    let functions = random.below(2);
    let mut scripter = Scripter::new(random, calls, functions, SLOTS);
    let mut methods = vec![method("_initialize", 0, false, false, 0)];
    scripter.op_with(INITSSLOT, &[SLOTS as u8]);
    scripter.first_statics();
    scripter.op(RET);
    for GeneratedMethod { name, returns, safe } in METHODS {
        methods.push(method(name, SLOTS, returns, safe, scripter.bytes.len()));
        scripter.may_write = !safe;
        scripter.contract_method(returns);
    }
    methods.push(method(PAYMENT, 3, false, false, scripter.bytes.len()));
    scripter.op(PUSH0);
    scripter.may_write = true;
    scripter.contract_method(false);
    // Any method may call the functions.
    scripter.may_write = false;
    scripter.hot_functions();
    let nef = NefFile { compiler: "generator".into(), source: String::new(), tokens, script: scripter.finish().into() };
    (nef, manifest(name, methods))
}

/// Generates a part of a script that calls a contract and leaves an item: an array of true and the
/// result; or, if an exception was caught, of false and the exception. Any number of such parts, one
/// after the other, are a script.
///
/// # Panics
/// If there are no [`SystemCalls::chain`].
pub fn contract_call(random: &mut Random, calls: &SystemCalls) -> Vec<u8> {
    let mut scripter = Scripter::new(random, calls, 0, SLOTS);
    let (catch, end) = (scripter.label(), scripter.label());
    let is_guarded = !scripter.random.one_in(8);
    if is_guarded {
        scripter.try_block(Some(catch), None);
    }
    scripter.constant_item();
    (1..SLOTS).for_each(|_| scripter.small());
    let hash = scripter.contract_hash();
    scripter.call_with_arguments(hash, SLOTS);
    scripter.ops(&[PUSH1, PUSH2, PACK]);
    if is_guarded {
        scripter.jump(ENDTRY, end);
        scripter.bind(catch);
        scripter.ops(&[PUSH0, PUSH2, PACK]);
        scripter.jump(ENDTRY, end);
        scripter.bind(end);
    }
    scripter.finish()
}

/// The methods that a contract calls by number.
fn tokens(random: &mut Random, chain: &ChainCalls) -> Vec<MethodToken> {
    let hash =
        |name| chain.natives.iter().find(|(native, _)| *native == name).map_or(Hash160([0; 20]), |native| native.1);
    let token = |hash, method: &str, parameters_count, has_return_value| MethodToken {
        hash,
        method: method.into(),
        parameters_count,
        has_return_value,
        call_flags: CallFlags::ALL,
    };
    let mut tokens = vec![token(hash("StdLib"), "itoa", 1, true), token(hash("GasToken"), "totalSupply", 0, true)];
    for method in METHODS.iter().take(2) {
        if !chain.contracts.is_empty() {
            tokens.push(token(random.one_of(&chain.contracts), method.name, SLOTS as u16, method.returns));
        }
    }
    tokens
}

fn method(name: &str, parameters: usize, returns: bool, safe: bool, offset: usize) -> Method {
    let parameter = |i| Parameter { name: format!("a{i}"), parameter_type: ParameterType::Any };
    Method {
        name: name.into(),
        parameters: (0..parameters).map(parameter).collect(),
        return_type: if returns { ParameterType::Any } else { ParameterType::Void },
        offset: offset as i32,
        safe,
    }
}

fn manifest(name: &str, methods: Vec<Method>) -> Manifest {
    let value = Parameter { name: "value".into(), parameter_type: ParameterType::Any };
    let events = vec![Event { name: EVENT.into(), parameters: vec![value] }];
    Manifest {
        name: name.into(),
        groups: Vec::new(),
        supported_standards: Vec::new(),
        abi: Abi { methods, events },
        permissions: vec![Permission { contract: ContractDescriptor::Any, methods: Wildcard::Any }],
        trusts: Wildcard::List(Vec::new()),
        extra: None,
    }
}

impl Scripter<'_> {
    fn chain(&self) -> Option<&ChainCalls> {
        self.calls.chain.as_ref()
    }

    pub(super) fn chain_statement(&mut self) {
        let writes = self.may_write && self.random.one_in(2);
        self.chosen(if writes { WRITING } else { READING })(self);
    }

    /// Stores integers into the static fields, and an array into the last one in one of three contracts.
    fn first_statics(&mut self) {
        (0..SLOTS).for_each(|_| self.small());
        self.ops(&[STSFLD0, STSFLD1, STSFLD2, STSFLD3]);
        if self.random.one_in(3) {
            self.ops(&[PUSH4, NEWARRAY, STSFLD3]);
            self.held[2] = Held::Array;
        }
    }

    /// A method, from its first instruction on.
    fn contract_method(&mut self, returns: bool) {
        self.op_with(INITSLOT, &[SLOTS as u8; 2]);
        self.first_values(&[0]);
        if self.random.one_in(2) {
            self.hold(1);
        }
        for _ in 0..1 + self.random.below(4) {
            match self.random.below(6) {
                0 => self.hot_loop(),
                1 => self.guarded_on_chain(),
                _ => self.chain_statement(),
            }
            if self.random.one_in(4) {
                self.throw_by_argument();
            }
        }
        self.op(CLEAR);
        if returns {
            if self.random.one_in(3) { self.load_any() } else { self.load_int() }
        }
        self.op(RET);
    }

    /// An exception, if an argument is large.
    fn throw_by_argument(&mut self) {
        let end = self.label();
        self.one_op(&[LDARG0, LDARG1, LDARG2]);
        let least = 4 + self.random.below(12);
        self.constant(least);
        self.jump(JMPLT, end);
        self.value();
        self.op(THROW);
        self.bind(end);
    }

    fn syscall(&mut self, name: &str) {
        self.op_with(SYSCALL, &syscall_id(name).to_le_bytes());
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        self.op_with(PUSHDATA1, &[bytes.len() as u8]);
        self.bytes.extend_from_slice(bytes);
    }

    /// Pushes an integer of 16 bits.
    fn short(&mut self, value: i16) {
        self.op_with(PUSHINT16, &value.to_le_bytes());
    }

    /// Pushes a key of one byte, or one that differs in each iteration of a loop.
    fn storage_key(&mut self) {
        let key = self.random.one_of(b"aabcd");
        self.push_bytes(&[key]);
        if self.random.one_in(3) {
            self.load_counter();
            self.op(CAT);
        }
    }

    /// Completes a system call on the contract's storage.
    fn on_storage(&mut self, call: &str) {
        if self.random.one_in(3) {
            self.syscall(&format!("System.Storage.Local.{call}"));
            return;
        }
        let is_read = matches!(call, "Get" | "Find") && self.random.one_in(3);
        self.syscall(if is_read { "System.Storage.GetReadOnlyContext" } else { "System.Storage.GetContext" });
        self.syscall(&format!("System.Storage.{call}"));
    }

    fn put(&mut self) {
        if self.random.one_in(4) {
            self.data();
        } else {
            self.small();
        }
        self.storage_key();
        self.on_storage("Put");
    }

    fn get(&mut self) {
        self.storage_key();
        self.on_storage("Get");
        if self.random.one_in(3) {
            self.op(ISNULL);
            self.store_int();
        } else {
            self.op(DROP);
        }
    }

    fn delete(&mut self) {
        self.storage_key();
        self.on_storage("Delete");
    }

    /// An iterator that is read to its end or before, after something else happened.
    fn find(&mut self) {
        let options = self.random.one_of(&[0, 0, 1, 2, 4, 0x80, 0x82, 0x84]);
        self.short(options);
        if self.random.one_in(3) {
            self.push_bytes(&[]);
        } else {
            self.storage_key();
        }
        self.on_storage("Find");
        let end = self.label();
        for _ in 0..1 + self.random.below(3) {
            if self.random.one_in(2) {
                self.chain_statement();
            }
            self.next_entry(end);
        }
        self.bind(end);
        self.op(DROP);
    }

    /// Advances the iterator on the stack and looks at the entry; jumps away at the end.
    fn next_entry(&mut self, end: Label) {
        self.op(DUP);
        self.syscall("System.Iterator.Next");
        self.jump(JMPIFNOT, end);
        self.op(DUP);
        self.syscall("System.Iterator.Value");
        if self.random.one_in(3) { self.notify_item() } else { self.op(DROP) }
    }

    /// Goes on with an iterator of the contract that called, if it is the last argument.
    fn look_through_argument(&mut self) {
        const INTEROP: u8 = 0x60;
        if self.arguments < SLOTS {
            return self.get();
        }
        let (end, other) = (self.label(), self.label());
        self.ops(&[LDARG3, DUP]);
        self.op_with(ISTYPE, &[INTEROP]);
        self.jump(JMPIFNOT, other);
        self.next_entry(end);
        self.bind(other);
        self.bind(end);
        self.op(DROP);
    }

    fn notify(&mut self) {
        if self.random.one_in(3) {
            self.load_any();
        } else {
            self.load_int();
        }
        self.notify_item();
    }

    /// Notifies of the item on the stack.
    fn notify_item(&mut self) {
        self.ops(&[PUSH1, PACK]);
        self.push_bytes(EVENT.as_bytes());
        self.syscall("System.Runtime.Notify");
    }

    fn log(&mut self) {
        self.push_bytes(b"generated");
        self.syscall("System.Runtime.Log");
    }

    /// A generated contract, mostly one that was there before.
    fn contract_hash(&mut self) -> Option<Hash160> {
        let contracts = &self.chain()?.contracts;
        let count = contracts.len();
        if count == 0 {
            return None;
        }
        let place = self.random.below(count);
        self.chain().map(|chain| chain.contracts[place])
    }

    /// Pushes the hash of a contract that is there, or of the current script.
    fn any_hash(&mut self) {
        match self.contract_hash() {
            Some(hash) if !self.random.one_in(3) => self.push_bytes(&hash.0),
            _ => self.syscall("System.Runtime.GetExecutingScriptHash"),
        }
    }

    fn ask(&mut self) {
        let is_repeatable = self.chain().is_none_or(|chain| chain.is_repeatable);
        let call = if is_repeatable || self.random.one_in(2) {
            self.random.one_of(&QUESTIONS)
        } else {
            self.random.one_of(&CHANGING)
        };
        self.syscall(call);
        self.op(DROP);
    }

    fn notifications(&mut self) {
        if self.random.one_in(2) {
            self.op(PUSHNULL);
        } else {
            self.any_hash();
        }
        self.syscall("System.Runtime.GetNotifications");
        self.op(SIZE);
        self.store_int();
    }

    /// Runs a script that uses the storage of nobody, or throws.
    fn load_a_script(&mut self) {
        let script = match self.random.below(4) {
            0 => [PUSH1, THROW].map(|opcode| opcode as u8).to_vec(),
            1 => [ADD].map(|opcode| opcode as u8).to_vec(),
            // A jump to the end of a script is refused here.
            _ => [contract_call(self.random, self.calls), vec![RET as u8]].concat(),
        };
        if script.len() > LONGEST_LOADED {
            return self.ask();
        }
        self.ops(&[PUSH3, PUSH4, PUSH2, PACK]);
        self.short(CallFlags::ALL.bits().into());
        self.push_bytes(&script);
        self.syscall("System.Runtime.LoadScript");
        self.result();
    }

    fn witness_or_burn(&mut self) {
        if self.random.one_in(2) {
            self.push_bytes(&[1; 20]);
            self.syscall("System.Runtime.CheckWitness");
            self.op(DROP);
        } else {
            self.op(PUSH3);
            self.syscall("System.Runtime.BurnGas");
        }
    }

    /// A try block around statements, with what catches an exception, what comes finally, or both.
    fn guarded_on_chain(&mut self) {
        let (catch, finally, end) = (self.label(), self.label(), self.label());
        let has_catch = !self.random.one_in(4);
        let has_finally = !has_catch || self.random.one_in(3);
        self.try_block(has_catch.then_some(catch), has_finally.then_some(finally));
        for _ in 0..1 + self.random.below(2) {
            self.chain_statement();
        }
        if self.random.one_in(3) {
            self.perhaps_throw();
        }
        self.jump(ENDTRY, end);
        if has_catch {
            self.bind(catch);
            self.op(DROP);
            if self.random.one_in(2) {
                self.chain_statement();
            }
            self.jump(ENDTRY, end);
        }
        if has_finally {
            self.bind(finally);
            if self.random.one_in(2) {
                self.chain_statement();
            }
            self.op(ENDFINALLY);
        }
        self.bind(end);
    }

    /// Pushes an item without using slots.
    fn constant_item(&mut self) {
        match self.random.below(4) {
            0 => self.data(),
            1 => self.one_op(&[NEWARRAY0, NEWSTRUCT0, NEWMAP, PUSHNULL, PUSHT]),
            _ => self.small(),
        }
    }
}
