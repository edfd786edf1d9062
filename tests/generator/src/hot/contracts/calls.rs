//! The calls that generated contracts make of each other and of native contracts.

use neovm_types::{CallFlags, Hash160, OpCode::*};

use super::{METHODS, SLOTS};
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
        let native = self.chain().and_then(|chain| chain.natives.iter().find(|(name, _)| *name == contract));
        let Some(&(_, hash)) = native else { return };
        push(self);
        self.constant(arguments);
        self.op(PACK);
        self.short(CallFlags::ALL.bits().into());
        self.push_bytes(method.as_bytes());
        self.push_bytes(&hash.0);
        self.syscall("System.Contract.Call");
        self.result();
    }

    /// The contract's own NEF file, and no manifest: an update that changes nothing but the number of updates.
    fn own_files(&mut self) {
        self.op(PUSHNULL);
        self.syscall("System.Runtime.GetExecutingScriptHash");
        self.ops(&[PUSH1, PACK]);
        self.short(CallFlags::ALL.bits().into());
        self.push_bytes(b"getContract");
        let management =
            self.chain().and_then(|chain| chain.natives.iter().find(|(name, _)| *name == "ContractManagement"));
        let hash = management.map_or(Hash160::default(), |(_, hash)| *hash);
        self.push_bytes(&hash.0);
        self.syscall("System.Contract.Call");
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
