//! Contracts at the edges of the host's rules: they change or destroy themselves while they run, come
//! back to a contract that is in the middle of a transfer, throw through native contracts, and go to the
//! limits. Each runs in the interpreter and in compiled code, which must agree; what is expected follows
//! from the sources of the reference node that the tests name.

use std::sync::Arc;

use neovm::{
    Chain, EngineConfig, Hash160, JitMode, Network, ProtocolSettings, Receipt, Signer, WitnessScopes,
    chain::{Condition, WitnessRule, contract::bft_address},
    host::{Invocation, native::NATIVES},
    storage::Key,
    types::{ItemType, NefFile, PublicKey, StackItem, asm::assemble, manifest::Group},
};
use neovm_testing::{append_block, describe};

const GAS: i64 = 100_000_000;

const MODES: [JitMode; 3] = [JitMode::Off, JitMode::Lazy { threshold: 2, background: false }, JitMode::Eager];

/// A method of a test's contract: name, number of parameters, whether it returns something, code.
type Method<'a> = (&'a str, usize, bool, String);

/// A chain whose scripts run in one mode.
struct World {
    chain: Chain,
    /// Who owns all tokens and signs everything.
    owner: Hash160,
}

fn native(name: &str) -> Hash160 {
    NATIVES.into_iter().find(|contract| contract.name == name).expect("a native contract").hash
}

/// Code that pushes bytes.
fn bytes(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("PUSHDATA2 0x{digits}\n")
}

/// Code that pushes the hash of the current script.
const OWN: &str = "SYSCALL System.Runtime.GetExecutingScriptHash\n";

/// Code that calls a method of the contract whose hash `contract` pushes, with arguments that code pushes.
fn call(contract: &str, method: &str, arguments: &[&str]) -> String {
    let pushed: String = arguments.iter().rev().map(|code| format!("{code}\n")).collect();
    let count = arguments.len();
    format!("{pushed}PUSH{count}\nPACK\nPUSH15\nPUSHDATA1 \"{method}\"\n{contract}\nSYSCALL System.Contract.Call\n")
}

fn call_native(name: &str, method: &str, arguments: &[&str]) -> String {
    call(&bytes(&native(name).0), method, arguments)
}

/// A NEF file and a manifest with an event `e` of one value.
fn files(name: &str, methods: &[Method<'_>]) -> (Vec<u8>, String) {
    let (mut script, mut listed) = (Vec::new(), Vec::new());
    for (name, parameters, returns, code) in methods {
        let parameters: Vec<_> = (0..*parameters).map(|i| format!(r#"{{"name":"p{i}","type":"Any"}}"#)).collect();
        let (parameters, returns) = (parameters.join(","), if *returns { "Any" } else { "Void" });
        let offset = script.len();
        listed.push(format!(
            r#"{{"name":"{name}","parameters":[{parameters}],"returntype":"{returns}","offset":{offset},"safe":false}}"#
        ));
        let code = assemble(&format!("{code}\nRET")).unwrap_or_else(|error| panic!("{error} in\n{code}"));
        script.extend_from_slice(code.bytes());
    }
    let manifest = format!(
        r#"{{"name":"{name}","groups":[],"features":{{}},"supportedstandards":[],"abi":{{"methods":[{}],
            "events":[{{"name":"e","parameters":[{{"name":"value","type":"Any"}}]}}]}},
            "permissions":[{{"contract":"*","methods":"*"}}],"trusts":[],"extra":null}}"#,
        listed.join(",")
    );
    let nef = NefFile { compiler: "test".into(), source: String::new(), tokens: Vec::new(), script: script.into() };
    (nef.to_bytes().unwrap(), manifest)
}

impl World {
    fn new(mode: JitMode) -> Self {
        let settings = ProtocolSettings::private();
        let owner = bft_address(settings.standby_validators()).unwrap();
        let network = Network::with_engine(settings, EngineConfig::default().with_jit(mode));
        Self { chain: Chain::with_network(Arc::new(network)).unwrap(), owner }
    }

    fn signer(&self) -> Signer {
        Signer::new(self.owner, WitnessScopes::GLOBAL)
    }

    fn deploy(&mut self, name: &str, methods: &[Method<'_>]) -> Hash160 {
        let (nef, manifest) = files(name, methods);
        self.chain.deploy(self.signer(), &nef, manifest.as_bytes()).unwrap().state().hash
    }

    fn invocation(&self, code: &str) -> Invocation {
        let script = assemble(code).unwrap_or_else(|error| panic!("{error} in\n{code}"));
        Invocation::new(script).with_gas(1000 * GAS).with_signer(self.signer())
    }

    /// Runs code and keeps what it changed. It must halt.
    fn keep(&mut self, code: &str) -> Receipt {
        let receipt = self.chain.execute(&self.invocation(code)).unwrap();
        assert_eq!(receipt.fault, None);
        receipt
    }
}

/// Runs a test's code in all modes, which must agree, and returns what came of it.
fn run(test: impl Fn(&mut World) -> Receipt) -> Receipt {
    let mut receipts = MODES.map(|mode| test(&mut World::new(mode))).into_iter();
    let first = receipts.next().expect("a mode");
    let shown = |receipt: &Receipt| {
        let notifications: Vec<_> = receipt.notifications.iter().map(|one| (one.contract, &one.event)).collect();
        let states: Vec<_> =
            receipt.notifications.iter().map(|one| describe(std::slice::from_ref(&one.state))).collect();
        let stack = describe(&receipt.stack);
        format!(
            "{:?} {:?} {:?} {stack} {notifications:?} {states:?} {:?}",
            receipt.fault, receipt.fault_place, receipt.gas_consumed, receipt.changes
        )
    };
    receipts.for_each(|other| assert_eq!(shown(&other), shown(&first)));
    first
}

/// Runs code over contracts that `setup` deploys.
fn run_code(setup: impl Fn(&mut World) -> String) -> Receipt {
    run(|world| {
        let code = setup(world);
        world.chain.invoke(&world.invocation(&code)).unwrap()
    })
}

#[track_caller]
fn assert_returns(receipt: &Receipt, stack: &[StackItem]) {
    assert_eq!(receipt.fault, None);
    assert_eq!(describe(&receipt.stack), describe(stack));
}

#[track_caller]
fn assert_faults(receipt: &Receipt, words: &str) {
    let fault = receipt.fault.as_ref().expect("a fault").kind.to_string();
    assert!(fault.contains(words), "{fault}");
    assert!(receipt.notifications.is_empty() && receipt.changes.is_empty());
}

/// Code that stores three entries.
const FILL: &str = "PUSH1\nPUSHDATA1 0x01\nSYSCALL System.Storage.Local.Put\nPUSH2\nPUSHDATA1 0x02\n\
                    SYSCALL System.Storage.Local.Put\nPUSH3\nPUSHDATA1 0x03\nSYSCALL System.Storage.Local.Put\n";
/// Code that pushes an iterator over all values of the contract.
const FIND: &str = "PUSH4\nPUSHDATA1 0x\nSYSCALL System.Storage.Local.Find\n";
const NEXT: &str = "SYSCALL System.Iterator.Next\n";

/// Code that counts in local variable 1 the entries to which the iterator in local variable 0 leads.
fn count(label: &str) -> String {
    format!("{label}: LDLOC0\n{NEXT}JMPIFNOT {label}End\nLDLOC1\nINC\nSTLOC1\nJMP {label}\n{label}End: NOP\n")
}

const LOCALS: &str = "INITSLOT 2, 0\nPUSH0\nSTLOC1\n";

/// `NeoToken.cs` (`PostTransferAsync`), `FungibleToken.cs`: the payment method runs before the earned GAS
/// is minted, and what it transfers itself earns nothing, since both balances are of this block already.
#[test]
fn a_receiver_of_neo_transfers_to_itself_before_its_gas_is_minted() {
    let payment = {
        let transfer = call_native("NeoToken", "transfer", &[OWN, OWN, "PUSH1", "PUSHNULL"]);
        let neo = bytes(&native("NeoToken").0);
        format!(
            "INITSLOT 0, 3\nSYSCALL System.Runtime.GetCallingScriptHash\n{neo}EQUAL\nJMPIFNOT_L end\n\
             SYSCALL System.Runtime.GetInvocationCounter\nPUSH4\nJMPGE_L end\n{transfer}ASSERT\nend: NOP"
        )
    };
    let receipt = run(|world| {
        let hash = world.deploy("again", &[("onNEP17Payment", 3, false, payment.clone())]);
        let (owner, own) = (bytes(&world.owner.0), bytes(&hash.0));
        world.keep(&call_native("NeoToken", "transfer", &[&owner, &own, "PUSHINT8 100", "PUSHNULL"]));
        (0..5).for_each(|_| append_block(&mut world.chain));
        let transfer = call_native("NeoToken", "transfer", &[&owner, &own, "PUSH10", "PUSHNULL"]);
        let balance = call_native("NeoToken", "balanceOf", &[&own]);
        world.chain.invoke(&world.invocation(&format!("{transfer}{balance}"))).unwrap()
    });
    assert_returns(&receipt, &[true.into(), 110.into()]);
    let senders: Vec<_> = receipt.notifications.iter().map(|one| one.contract).collect();
    let (neo, gas) = (native("NeoToken"), native("GasToken"));
    assert_eq!(senders, [neo, neo, neo, neo, gas, gas], "all transfers of NEO come first");
}

/// `ContractManagement.cs` (`Update`): the running script stays what it was, later calls run the new one;
/// the storage and iterators over it stay.
#[test]
fn a_contract_updates_itself_while_it_iterates() {
    let methods = |version: &str| {
        let update = call_native("ContractManagement", "update", &["LDARG0", "LDARG1", "PUSHNULL"]);
        let iterate = format!("INITSLOT 2, 2\nPUSH0\nSTLOC1\n{FIND}STLOC0\n{update}DROP\n{}", count("next"));
        let asked = call(OWN, "version", &[]);
        [
            ("fill", 0, false, FILL.to_owned()),
            ("version", 0, true, version.to_owned()),
            ("run", 2, true, format!("{iterate}LDLOC1\n{asked}PUSH2\nPACK")),
        ]
    };
    let receipt = run_code(|world| {
        let hash = world.deploy("changing", &methods("PUSH1"));
        let own = bytes(&hash.0);
        world.keep(&format!("{}DROP", call(&own, "fill", &[])));
        let (nef, manifest) = files("changing", &methods("PUSH2"));
        call(&own, "run", &[&bytes(&nef), &bytes(manifest.as_bytes())])
    });
    assert_returns(&receipt, &[StackItem::array([2.into(), 3.into()])]);
}

/// `GroupCondition.cs`: the groups are those that the contract has now.
#[test]
fn a_witness_ends_with_the_group_that_an_update_takes_away() {
    let account = Hash160([9; 20]);
    let check = format!("{}SYSCALL System.Runtime.CheckWitness\n", bytes(&account.0));
    let update = call_native("ContractManagement", "update", &["PUSHNULL", "LDARG0", "PUSHNULL"]);
    let code = format!("INITSLOT 0, 1\n{check}{check}{update}DROP\n{check}PUSH3\nPACK");
    let receipt = run(|world| {
        let methods = [("run", 1, true, code.clone())];
        let hash = world.deploy("grouped", &methods);
        let key: PublicKey = world.chain.network().settings().standby_committee[0];
        let contract = world.chain.contract(hash).unwrap().unwrap();
        let mut state = contract.state().clone();
        state.manifest.groups.push(Group { pubkey: key, signature: [0; 64] });
        let mut store = world.chain.store().clone();
        store.insert(Key::new(-1, &[8]).with(&hash.0), state.to_bytes().unwrap().into());
        world.chain = Chain::with_store(Arc::clone(world.chain.network()), store);
        let (_, manifest) = files("grouped", &methods);
        let rules = vec![WitnessRule::allow(Condition::Group(key))];
        let signer = Signer { rules, ..Signer::new(account, WitnessScopes::WITNESS_RULES) };
        let code = call(&bytes(&hash.0), "run", &[&bytes(manifest.as_bytes())]);
        world.chain.invoke(&world.invocation(&code).with_signer(signer)).unwrap()
    });
    assert_returns(&receipt, &[StackItem::array([false.into(), true.into(), true.into()])]);
}

/// `ContractManagement.cs` (`DestroyInternal`): an iterator that was advanced before reads on in the
/// store; one that was not finds nothing.
#[test]
fn a_contract_destroys_itself_while_it_iterates() {
    let destroy = call_native("ContractManagement", "destroy", &[]);
    for (advanced, expected) in [(true, 3), (false, 0)] {
        let first = if advanced { format!("LDLOC0\n{NEXT}DROP\nPUSH1\nSTLOC1\n") } else { String::new() };
        let iterate = format!("{LOCALS}{FIND}STLOC0\n{first}{destroy}DROP\n{}LDLOC1", count("next"));
        let receipt = run_code(|world| {
            let own = world.deploy("ending", &[("fill", 0, false, FILL.into()), ("run", 0, true, iterate.clone())]);
            let own = bytes(&own.0);
            world.keep(&format!("{}DROP", call(&own, "fill", &[])));
            call(&own, "run", &[])
        });
        assert_returns(&receipt, &[expected.into()]);
        assert_eq!(receipt.notifications.len(), 1);
    }
}

/// As above; the contract that asks is another one.
#[test]
fn an_iterator_outlives_the_contract_that_returned_it() {
    let destroy = call_native("ContractManagement", "destroy", &[]);
    for (advanced, expected) in [(true, 3), (false, 0)] {
        let receipt = run_code(|world| {
            let inner = [
                ("fill", 0, false, FILL.into()),
                ("entries", 0, true, FIND.into()),
                ("destroy", 0, false, format!("{destroy}DROP")),
            ];
            let inner = bytes(&world.deploy("inner", &inner).0);
            world.keep(&format!("{}DROP", call(&inner, "fill", &[])));
            let first = if advanced { format!("LDLOC0\n{NEXT}DROP\nPUSH1\nSTLOC1\n") } else { String::new() };
            let (entries, destroyed) = (call(&inner, "entries", &[]), call(&inner, "destroy", &[]));
            let read = format!("{LOCALS}{entries}STLOC0\n{first}{destroyed}DROP\n{}LDLOC1", count("next"));
            let outer = bytes(&world.deploy("outer", &[("run", 0, true, read)]).0);
            call(&outer, "run", &[])
        });
        assert_returns(&receipt, &[expected.into()]);
    }
}

/// `ApplicationEngine.Contract.cs` (`CallContract`), `ContractManagement.cs` (`GetContract`).
#[test]
fn a_destroyed_contract_has_no_storage_and_cannot_be_called() {
    let destroy = call_native("ContractManagement", "destroy", &[]);
    let methods = [
        ("context", 0, false, format!("{destroy}DROP\nSYSCALL System.Storage.GetContext\nDROP")),
        ("again", 0, false, format!("{destroy}DROP\n{}DROP", call(OWN, "again", &[]))),
    ];
    for (method, words) in [("context", "no deployed contract"), ("again", "there is no contract")] {
        let receipt = run_code(|world| call(&bytes(&world.deploy("ending", &methods).0), method, &[]));
        assert_faults(&receipt, words);
    }
}

/// `ApplicationEngine.Contract.cs` (`CallContract`): not even within a TRY block.
#[test]
fn methods_that_start_with_an_underscore_cannot_be_called() {
    let methods = [("_deploy", 2, false, "INITSLOT 0, 2".to_owned()), ("_initialize", 0, false, String::new())];
    for (method, arguments) in [("_deploy", &["PUSHNULL", "PUSHF"][..]), ("_initialize", &[])] {
        let receipt = run_code(|world| {
            let called = call(&bytes(&world.deploy("private", &methods).0), method, arguments);
            format!("TRY_L caught, -\n{called}ENDTRY_L end\ncaught: ENDTRY_L end\nend: NOP")
        });
        assert_faults(&receipt, "_");
    }
}

/// `ApplicationEngine.Runtime.cs` (`RuntimeNotify`, `SendNotification`): 512 of at most 1,024 bytes.
#[test]
fn half_a_megabyte_of_notifications_is_the_most() {
    for (times, fits) in [(512, true), (513, false)] {
        let receipt = run_code(|world| {
            let code = format!(
                "INITSLOT 1, 0\nPUSHINT16 {times}\nSTLOC0\nnext: PUSHINT16 1000\nNEWBUFFER\nPUSH1\nPACK\n\
                 PUSHDATA1 \"e\"\nSYSCALL System.Runtime.Notify\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF next"
            );
            format!("{}DROP", call(&bytes(&world.deploy("loud", &[("run", 0, false, code)]).0), "run", &[]))
        });
        if fits {
            assert_eq!((receipt.fault, receipt.notifications.len()), (None, 512));
            let StackItem::Array(state) = &receipt.notifications[511].state else { panic!("no array") };
            assert_eq!(state.get(0).unwrap().item_type(), ItemType::ByteString);
        } else {
            assert_faults(&receipt, "512 notifications");
        }
    }
}

/// `ExecutionEngineLimits.cs`: 1,024 contexts, in whichever contract; the fault cannot be caught.
#[test]
fn calls_go_as_deep_as_the_invocation_stack() {
    let again = call(OWN, "run", &["LDARG0\nDEC"]);
    let code = format!(
        "INITSLOT 0, 1\nLDARG0\nJMPIFNOT_L end\nTRY_L caught, -\n{again}INC\nRET\ncaught: ENDTRY_L end\nend: PUSH0"
    );
    for (depth, fits) in [(1022, true), (1023, false)] {
        let receipt = run_code(|world| {
            let own = bytes(&world.deploy("deep", &[("run", 1, true, code.clone())]).0);
            call(&own, "run", &[&format!("PUSHINT16 {depth}")])
        });
        if fits {
            assert_returns(&receipt, &[depth.into()]);
        } else {
            assert_faults(&receipt, "1024");
        }
    }
}

/// `OracleContract.cs` (`Request`).
#[test]
fn oracle_requests_have_limits() {
    let text = |length: usize| format!("PUSHDATA2 \"{}\"", "u".repeat(length));
    let request = |url: usize, filter: usize, callback: &str, data: usize, gas: i64| {
        let (url, filter, data) = (text(url), text(filter), text(data));
        let callback = format!("PUSHDATA2 \"{callback}\"");
        call_native("OracleContract", "request", &[&url, &filter, &callback, &data, &format!("PUSHINT64 {gas}")])
    };
    let most = "c".repeat(32);
    // The type and the length of the data take four of 512 bytes.
    let cases = [
        (request(256, 128, &most, 508, 10_000_000), true),
        (request(257, 128, &most, 508, 10_000_000), false),
        (request(256, 129, &most, 508, 10_000_000), false),
        (request(256, 128, &"c".repeat(33), 508, 10_000_000), false),
        (request(256, 128, "_c", 508, 10_000_000), false),
        (request(256, 128, &most, 509, 10_000_000), false),
        (request(256, 128, &most, 508, 9_999_999), false),
    ];
    for (code, is_accepted) in cases {
        let receipt = run_code(|world| {
            let methods = [("run", 0, false, format!("{code}DROP"))];
            format!("{}DROP", call(&bytes(&world.deploy("asking", &methods).0), "run", &[]))
        });
        assert_eq!(receipt.halted(), is_accepted, "{:?} of {code}", receipt.fault);
    }
}

/// `Notary.cs` (`OnNEP17Payment`, `Withdraw`): what the deposit's method refuses ends the transfer of GAS
/// that called it, and cannot be caught.
#[test]
fn notary_deposits_are_refused_through_the_transfer() {
    let deposit = |world: &World, amount: i64, data: &str| {
        let (owner, notary) = (bytes(&world.owner.0), bytes(&native("Notary").0));
        call_native("GasToken", "transfer", &[&owner, &notary, &format!("PUSHINT64 {amount}"), data])
    };
    let until = |height: i32| format!("PUSHINT32 {height}\nPUSHNULL\nPUSH2\nPACK");
    for (amount, data, is_accepted) in [
        (GAS, until(100), true),
        (GAS, until(1), false),
        (GAS, "PUSHNULL".into(), false),
        (GAS, format!("{}\nPUSH1\nPACK", until(100)), false),
        (1, until(100), false),
    ] {
        let receipt = run_code(|world| {
            let deposit = deposit(world, amount, &data);
            format!("TRY_L caught, -\n{deposit}ENDTRY_L end\ncaught: ENDTRY_L end\nend: NOP")
        });
        assert_eq!(receipt.halted(), is_accepted, "{:?}", receipt.fault);
        if is_accepted {
            assert_returns(&receipt, &[true.into()]);
        }
    }
    // Locked until block 100.
    let receipt = run_code(|world| {
        let code = deposit(world, GAS, &until(100));
        world.keep(&code);
        let owner = bytes(&world.owner.0);
        call_native("Notary", "withdraw", &[&owner, &owner])
    });
    assert_returns(&receipt, &[false.into()]);
}

/// `ApplicationEngine.cs` (`ContextUnloaded`): an exception that leaves a contract which a native one
/// called is a fault; one that is caught before is not.
#[test]
fn an_exception_does_not_cross_a_native_contract() {
    for (payment, is_caught) in [
        ("INITSLOT 0, 3\nPUSH1\nTHROW", false),
        ("INITSLOT 0, 3\nTRY caught, -\nPUSH1\nTHROW\ncaught: DROP\nENDTRY end\nend: NOP", true),
    ] {
        let receipt = run_code(|world| {
            let to = bytes(&world.deploy("throwing", &[("onNEP17Payment", 3, false, payment.into())]).0);
            let owner = bytes(&world.owner.0);
            let transfer = call_native("NeoToken", "transfer", &[&owner, &to, "PUSH1", "PUSHNULL"]);
            format!("TRY_L caught, -\n{transfer}ENDTRY_L end\ncaught: ENDTRY_L end\nend: NOP")
        });
        if is_caught {
            assert_returns(&receipt, &[true.into()]);
        } else {
            assert_faults(&receipt, "exception");
        }
    }
}

/// `ApplicationEngine.cs` (`ContextUnloaded`): what was deployed and destroyed goes with the exception.
#[test]
fn an_exception_takes_back_a_deployment_and_a_destruction() {
    let destroy = call_native("ContractManagement", "destroy", &[]);
    let receipt = run_code(|world| {
        let methods = [
            ("fill", 0, false, FILL.into()),
            ("end", 0, false, format!("{destroy}DROP\nPUSH1\nTHROW")),
            ("count", 0, true, format!("{LOCALS}{FIND}STLOC0\n{}LDLOC1", count("next"))),
        ];
        let own = bytes(&world.deploy("ending", &methods).0);
        world.keep(&format!("{}DROP", call(&own, "fill", &[])));
        let (nef, manifest) = files("new", &[("run", 0, true, "PUSH7".into())]);
        let (nef, manifest) = (bytes(&nef), bytes(manifest.as_bytes()));
        let deploy = call_native("ContractManagement", "deploy", &[&nef, &manifest]);
        let deployed = format!("{deploy}PUSH2\nPICKITEM\nDUP\nSTSFLD0\nDROP\n");
        let maker =
            bytes(&world.deploy("maker", &[("run", 0, false, format!("INITSSLOT 1\n{deployed}PUSH1\nTHROW"))]).0);
        let guarded = |label: &str, code: &str| {
            format!(
                "TRY_L {label}, -\n{code}DROP\nENDTRY_L {label}End\n{label}: DROP\nENDTRY_L {label}End\n{label}End: NOP\n"
            )
        };
        let (ended, made) = (guarded("ended", &call(&own, "end", &[])), guarded("made", &call(&maker, "run", &[])));
        format!("{ended}{made}{}", call(&own, "count", &[]))
    });
    assert_returns(&receipt, &[3.into()]);
    assert!(receipt.notifications.is_empty() && receipt.changes.is_empty());
}

/// `StorageIterator.cs` (`Value`), `ApplicationEngine.Runtime.cs` (`CurrentSigners`,
/// `GetScriptContainer`): new items at each call.
#[test]
fn what_a_script_does_to_an_item_does_not_show_in_the_next_one() {
    let stored = call_native("StdLib", "serialize", &["NEWARRAY0\nPUSH1\nPACK\nDUP\nPUSH0\nPUSH5\nSETITEM"]);
    let store = |value: &str| format!("{value}\nPUSHDATA1 0x01\nSYSCALL System.Storage.Local.Put\n");
    // VALUES_ONLY and DESERIALIZE_VALUES.
    let find = "PUSH12\nPUSHDATA1 0x\nSYSCALL System.Storage.Local.Find\nSTLOC0\n";
    let value = "LDLOC0\nSYSCALL System.Iterator.Value\n";
    let changed = |ask: &str| format!("{ask}DUP\nPUSH9\nAPPEND\nSIZE\n{ask}DUP\nCLEARITEMS\nSIZE\n{ask}SIZE\n");
    let other = call_native("StdLib", "serialize", &["PUSH4\nNEWARRAY"]);
    let code = format!(
        "INITSLOT 1, 0\n{}{find}LDLOC0\n{NEXT}DROP\n{}{}{value}SIZE\n{}{}PUSH10\nPACK",
        store(&stored),
        changed(value),
        store(&other),
        changed("SYSCALL System.Runtime.CurrentSigners\n"),
        changed("SYSCALL System.Runtime.GetScriptContainer\n"),
    );
    let receipt =
        run_code(|world| call(&bytes(&world.deploy("changing", &[("run", 0, true, code.clone())]).0), "run", &[]));
    // The sizes, the last one first: a transaction has eight fields, and there is one signer.
    let sizes = [8, 0, 9, 1, 0, 2, 4, 1, 0, 2].map(StackItem::from);
    assert_returns(&receipt, &[StackItem::array(sizes)]);
}
