//! The calls that generated contracts make of each other and of native contracts.

use neovm_types::{CallFlags, Hash160, OpCode::*};

use super::{METHODS, SLOTS, contract};
use crate::scripter::{Scripter, Statement};

/// The calls of native contracts, with their weights: the contract, the method, and what pushes its
/// arguments, the first one last.
const NATIVE: &[(usize, NativeCall)] = &[
    (3, NativeCall("StdLib", "itoa", 1, |scripter| scripter.small())),
    (2, NativeCall("StdLib", "serialize", 1, |scripter| scripter.value())),
    (2, NativeCall("StdLib", "jsonSerialize", 1, |scripter| scripter.load_int())),
    (2, NativeCall("StdLib", "base64Encode", 1, |scripter| scripter.data())),
    (2, NativeCall("CryptoLib", "sha256", 1, |scripter| scripter.data())),
    (2, NativeCall("LedgerContract", "currentIndex", 0, |_| ())),
    (2, NativeCall("NeoToken", "balanceOf", 1, |scripter| scripter.any_hash())),
    (2, NativeCall("GasToken", "totalSupply", 0, |_| ())),
    (1, NativeCall("PolicyContract", "getStoragePrice", 0, |_| ())),
    (2, NativeCall("ContractManagement", "getContract", 1, |scripter| scripter.any_hash())),
    (1, NativeCall("NeoToken", "getAccountState", 1, |scripter| scripter.any_hash())),
    (1, NativeCall("PolicyContract", "isBlocked", 1, |scripter| scripter.any_hash())),
];

/// What a contract rarely does to itself, in the same form.
const RARE: &[NativeCall] = &[
    NativeCall("ContractManagement", "destroy", 0, |_| ()),
    NativeCall("ContractManagement", "update", 2, |scripter| scripter.own_files()),
    NativeCall("ContractManagement", "update", 2, |scripter| scripter.own_files()),
    NativeCall("NeoToken", "vote", 2, |scripter| scripter.no_vote()),
    NativeCall("NeoToken", "vote", 2, |scripter| scripter.no_vote()),
];

/// The longest file of a contract that another one deploys, in bytes.
const LONGEST_FILE: usize = 10_000;

#[derive(Clone, Copy)]
struct NativeCall(&'static str, &'static str, usize, Statement);

impl Scripter<'_> {
    /// Pushes the arguments of a method of a generated contract, the first one last.
    fn method_arguments(&mut self) {
        match self.random.below(4) {
            0 => {
                self.short(0);
                self.push_bytes(&[]);
                self.on_storage("Find");
            }
            1 => self.load_any(),
            _ => self.value(),
        }
        for _ in 1..SLOTS {
            if self.random.one_in(3) { self.load_counter() } else { self.small() }
        }
    }

    /// Calls a method with the arguments on the stack. The result stays on the stack.
    pub(super) fn call_with_arguments(&mut self, hash: Option<Hash160>, arguments: usize) {
        self.constant(arguments);
        self.op(PACK);
        let flags = if self.random.one_in(40) { CallFlags::READ_ONLY } else { CallFlags::ALL };
        self.short(flags.bits().into());
        let method = if self.may_write { self.random.one_of(&METHODS) } else { METHODS[2] };
        self.push_bytes(method.name.as_bytes());
        match hash {
            Some(hash) => self.push_bytes(&hash.0),
            None => self.syscall("System.Runtime.GetExecutingScriptHash"),
        }
        self.syscall("System.Contract.Call");
    }

    pub(super) fn call_contract(&mut self) {
        let hash = if self.random.one_in(12) { None } else { self.contract_hash() };
        let end = self.label();
        if hash.is_none() {
            // A contract calls itself in one iteration only, as most of them are called again there.
            self.unless_turn(end);
        }
        self.method_arguments();
        self.call_with_arguments(hash, SLOTS);
        self.result();
        self.bind(end);
    }

    /// Stores the result of a call, or drops it.
    pub(super) fn result(&mut self) {
        if self.random.one_in(5) { self.store_any() } else { self.op(DROP) }
    }

    pub(super) fn call_token(&mut self) {
        let token = self.random.below(4);
        match token {
            0 => self.small(),
            1 => {}
            _ if self.chain().is_none_or(|chain| chain.contracts.is_empty()) => return self.ask(),
            _ => self.method_arguments(),
        }
        self.op_with(CALLT, &(token as u16).to_le_bytes());
        if token < 3 {
            self.result();
        }
    }

    pub(super) fn call_native(&mut self) {
        let total = NATIVE.iter().map(|(weight, _)| weight).sum();
        let mut pick = self.random.below(total);
        let chosen = NATIVE.iter().find(|(weight, _)| {
            let is_chosen = pick < *weight;
            pick = pick.wrapping_sub(*weight);
            is_chosen
        });
        if let Some(&(_, call)) = chosen {
            self.call_of_native(call);
        }
    }

    /// A transfer, or rarely a vote, an update or the end of the contract.
    pub(super) fn pay(&mut self) {
        let call = if self.random.one_in(6) {
            self.random.one_of(RARE)
        } else {
            NativeCall(self.random.one_of(&["GasToken", "NeoToken"]), "transfer", 4, |scripter| scripter.payment())
        };
        self.call_of_native(call);
    }

    fn call_of_native(&mut self, NativeCall(contract, method, arguments, push): NativeCall) {
        push(self);
        self.native_call(contract, method, arguments);
        self.result();
    }

    /// Calls a native contract with the arguments on the stack. The result stays on the stack.
    fn native_call(&mut self, contract: &str, method: &str, arguments: usize) {
        let native = self.chain().and_then(|chain| chain.natives.iter().find(|(name, _)| *name == contract));
        let hash = native.map_or(Hash160::default(), |(_, hash)| *hash);
        self.constant(arguments);
        self.op(PACK);
        self.short(CallFlags::ALL.bits().into());
        self.push_bytes(method.as_bytes());
        self.push_bytes(&hash.0);
        self.syscall("System.Contract.Call");
    }

    /// Deploys a contract unless the storage says that it is there, and calls it.
    pub(super) fn deploy(&mut self) {
        let name = format!("deployed {}", self.random.below(1 << 16));
        let (nef, manifest) = contract(self.random, &name, self.calls);
        let nef = nef.to_bytes().ok().filter(|nef| nef.len() <= LONGEST_FILE);
        let Some(nef) = nef else { return self.ask() };
        let end = self.label();
        self.push_bytes(name.as_bytes());
        self.on_storage("Get");
        self.op(ISNULL);
        self.jump(JMPIFNOT, end);
        self.op(PUSH1);
        self.push_bytes(name.as_bytes());
        self.on_storage("Put");
        self.push_file(manifest.to_json().as_bytes());
        self.push_file(&nef);
        self.native_call("ContractManagement", "deploy", 2);
        // The hash of the contract is the third part of what is stored of it.
        self.ops(&[PUSH2, PICKITEM]);
        self.method_arguments();
        self.constant(SLOTS);
        self.op(PACK);
        self.short(CallFlags::ALL.bits().into());
        let method = self.random.one_of(&METHODS);
        self.push_bytes(method.name.as_bytes());
        self.ops(&[PUSH3, ROLL]);
        self.syscall("System.Contract.Call");
        self.result();
        self.bind(end);
    }

    /// Pushes a file, by a call of code behind all else: no jump has to reach over it.
    fn push_file(&mut self, file: &[u8]) {
        let mut code = vec![PUSHDATA2 as u8];
        code.extend((file.len() as u16).to_le_bytes());
        code.extend(file);
        code.push(RET as u8);
        let label = self.append(code);
        self.op_with_offset(CALL_L, 4, label);
    }

    /// The contract's own NEF file, and no manifest: an update that changes nothing but the number of updates.
    fn own_files(&mut self) {
        self.op(PUSHNULL);
        self.syscall("System.Runtime.GetExecutingScriptHash");
        self.native_call("ContractManagement", "getContract", 1);
        self.ops(&[PUSH3, PICKITEM]);
    }

    /// The contract's own account, and no candidate.
    fn no_vote(&mut self) {
        self.op(PUSHNULL);
        self.syscall("System.Runtime.GetExecutingScriptHash");
    }

    /// The arguments of a transfer, by the current contract, that a contract is told of.
    fn payment(&mut self) {
        self.value();
        let amount = self.random.one_of(&[PUSH0, PUSH0, PUSH0, PUSH1]);
        self.op(amount);
        self.any_hash();
        self.syscall("System.Runtime.GetExecutingScriptHash");
    }
}
