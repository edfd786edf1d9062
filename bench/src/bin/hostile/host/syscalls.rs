//! The worst case of each system call.

use neovm::{
    Hash160, Signer, WitnessScopes,
    chain::{Condition, WitnessRule, WitnessRuleAction},
    host::syscalls::SYSCALLS,
    types::PublicKey,
};

use super::{ACCOUNT, Case, array_of, call_native, zeros};

/// A key on the curve.
pub(super) const KEY: &str = "03d972eedf3059f44f84b9a976f49bd5ac75935f803c59ee3832b173ba42799d3f";

/// Instructions by which a contract calls itself, up to a depth of 1,000, and which set the local variable to 0.
pub(super) const DEEP: &str = "SYSCALL System.Runtime.GetInvocationCounter\nPUSHINT16 1000\nJMPGE_L deep\nNEWARRAY0\nPUSH15\n\
                    PUSHDATA1 \"main\"\nSYSCALL System.Runtime.GetExecutingScriptHash\nSYSCALL System.Contract.Call\n\
                    deep: PUSH0\nSTLOC0";

/// Instructions that write a counter in local variable 9 under itself, up to 1,000 times.
const WRITES: &str = "PUSH0\nSTLOC 9\nput: PUSHDATA1 0x01\nLDLOC 9\nSYSCALL System.Storage.GetContext\n\
                      SYSCALL System.Storage.Put\nLDLOC 9\nINC\nDUP\nSTLOC 9\nPUSHINT16 1000\nJMPLT_L put";

const NEXT: &str = "SYSCALL System.Iterator.Next\nDROP";
const VALUE: &str = "LDLOC0\nSYSCALL System.Iterator.Value\nDROP";
const CALL_EMPTY: &str = "NEWARRAY0\nPUSH15\nPUSHDATA1 \"empty\"\nSYSCALL System.Runtime.GetExecutingScriptHash\n\
                          SYSCALL System.Contract.Call\nDROP";

fn price(name: &str) -> u64 {
    SYSCALLS.iter().find(|syscall| syscall.name == name).expect("a system call").price
}

fn case(name: &str, what: &str, body: impl Into<String>) -> Case {
    Case::new(name, what, price(name), body)
}

/// Finds entries with an empty prefix.
fn find(options: u8) -> String {
    format!("PUSHINT16 {options}\nPUSHDATA1 0x\nSYSCALL System.Storage.GetContext\nSYSCALL System.Storage.Find")
}

/// An iterator in local variable 0, at its first entry.
fn first(options: u8) -> String {
    format!("{}\nSTLOC0\nLDLOC0\n{NEXT}", find(options))
}

/// Stores an item, which is pushed, as its bytes.
fn store(push: &str) -> String {
    let serialize = call_native("StdLib", "serialize", &[push]);
    format!("{serialize}\nPUSHDATA1 0x01\nSYSCALL System.Storage.GetContext\nSYSCALL System.Storage.Put")
}

fn map_of(count: usize) -> String {
    format!("PUSHINT16 {count}\npair: DUP\nDUP\nDEC\nDUP\nJMPIF pair\nDROP\nPUSHINT16 {count}\nPACKMAP")
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = plain();
    cases.extend(contracts());
    cases.extend(runtime());
    cases.extend(storage());
    let missing = SYSCALLS.iter().filter(|syscall| {
        let is_of_nodes = syscall.name.ends_with("OnPersist") || syscall.name.ends_with("Persist");
        !is_of_nodes && !cases.iter().any(|case| case.name == syscall.name)
    });
    let missing: Vec<_> = missing.map(|syscall| syscall.name).collect();
    assert!(missing.is_empty() || missing == ["System.Contract.CallNative"], "no case for {missing:?}");
    cases
}

/// Those without arguments that return something small.
fn plain() -> Vec<Case> {
    let names = [
        "System.Contract.GetCallFlags",
        "System.Runtime.GasLeft",
        "System.Runtime.GetAddressVersion",
        "System.Runtime.GetCallingScriptHash",
        "System.Runtime.GetEntryScriptHash",
        "System.Runtime.GetExecutingScriptHash",
        "System.Runtime.GetInvocationCounter",
        "System.Runtime.GetNetwork",
        "System.Runtime.GetRandom",
        "System.Runtime.GetTime",
        "System.Runtime.GetTrigger",
        "System.Runtime.Platform",
        "System.Storage.GetContext",
        "System.Storage.GetReadOnlyContext",
    ];
    names.map(|name| case(name, "", format!("SYSCALL {name}\nDROP"))).into()
}

fn contracts() -> Vec<Case> {
    let keys = array_of(&format!("PUSHDATA1 0x{KEY}"), 1024);
    let signatures = array_of(&format!("PUSHDATA1 0x{}", "11".repeat(64)), 16);
    vec![
        case("System.Contract.Call", "of an empty method", CALL_EMPTY),
        case("System.Contract.Call", "of an empty method, 1,000 calls deep", CALL_EMPTY).deep(),
        case(
            "System.Contract.CreateMultisigAccount",
            "1,024 keys",
            "LDLOC0\nPUSH1\nSYSCALL System.Contract.CreateMultisigAccount\nDROP",
        )
        .before(format!("{keys}\nSTLOC0")),
        case(
            "System.Contract.CreateStandardAccount",
            "",
            format!("PUSHDATA1 0x{KEY}\nSYSCALL System.Contract.CreateStandardAccount\nDROP"),
        ),
        case(
            "System.Crypto.CheckMultisig",
            "16 bad signatures, 1,024 keys",
            "LDLOC1\nLDLOC0\nSYSCALL System.Crypto.CheckMultisig\nDROP",
        )
        .before(format!("{keys}\nSTLOC0\n{signatures}\nSTLOC1")),
        case(
            "System.Crypto.CheckSig",
            "a bad signature",
            format!("PUSHDATA1 0x{}\nPUSHDATA1 0x{KEY}\nSYSCALL System.Crypto.CheckSig\nDROP", "11".repeat(64)),
        ),
    ]
}

fn runtime() -> Vec<Case> {
    let notify = "SYSCALL System.Runtime.Notify";
    let nulls = format!("{}\nPUSH1\nPACK\nPUSHDATA1 \"E\"\n{notify}\n", array_of("PUSHNULL", 480));
    vec![
        case("System.Runtime.BurnGas", "one datoshi", "PUSH1\nSYSCALL System.Runtime.BurnGas"),
        witness("16 rules of 256 conditions about the calling script", |rules| {
            let leaf = || Condition::Or(vec![Condition::CalledByContract(Hash160([1; 20])); 16]);
            vec![rule(Condition::Or((0..16).map(|_| leaf()).collect())); rules]
        }),
        witness("16 rules of 160 conditions about groups", |rules| {
            let leaf = || Condition::Or(vec![Condition::Group(key()); 16]);
            vec![rule(Condition::Or((0..10).map(|_| leaf()).collect())); rules]
        }),
        Case {
            signers: (0..16)
                .map(|index| Signer {
                    scopes: WitnessScopes::WITNESS_RULES,
                    rules: vec![rule(Condition::Not(Condition::Boolean(true).into())); 16],
                    ..Signer::new(Hash160([index + 1; 20]), WitnessScopes::NONE)
                })
                .collect(),
            ..case("System.Runtime.CurrentSigners", "1,900 items of rules", "SYSCALL System.Runtime.CurrentSigners\nDROP")
        },
        case("System.Runtime.GetNotifications", "4 notifications of 480 items", "PUSHNULL\nSYSCALL System.Runtime.GetNotifications\nDROP")
            .before(nulls.repeat(4)),
        case("System.Runtime.GetNotifications", "4 notifications of 480 arrays", "PUSHNULL\nSYSCALL System.Runtime.GetNotifications\nDROP")
            .before(nulls.replace("PUSHNULL", "NEWARRAY0").replace("DUP", "NEWARRAY0").repeat(4)),
        case("System.Runtime.GetNotifications", "450 notifications", "PUSHNULL\nSYSCALL System.Runtime.GetNotifications\nDROP")
            .before(format!("PUSH0\nSTLOC1\nsend: PUSHNULL\nPUSH1\nPACK\nPUSHDATA1 \"E\"\n{notify}\nLDLOC1\nINC\nDUP\nSTLOC1\nPUSHINT16 450\nJMPLT send")),
        Case {
            padding: 60_000,
            ..case("System.Runtime.GetScriptContainer", "a script of 60 KB", "SYSCALL System.Runtime.GetScriptContainer\nDROP")
        },
        case("System.Runtime.LoadScript", "a new script of 128 KB each time", LOAD)
            .before("PUSHINT32 131069\nNEWBUFFER\nSTLOC0\nLDLOC0\nPUSH0\nPUSHINT8 64\nSETITEM\nPUSH0\nSTLOC1"),
        case("System.Runtime.LoadScript", "one script of 64 KB", "NEWARRAY0\nPUSH15\nLDLOC0\nSYSCALL System.Runtime.LoadScript\nDROP")
            .before("PUSHINT32 65535\nNEWBUFFER\nDUP\nPUSH0\nPUSHINT8 64\nSETITEM\nCONVERT ByteString\nSTLOC0"),
        case("System.Runtime.Log", "1,024 bytes", "LDLOC0\nSYSCALL System.Runtime.Log").before(zeros(1024, 0)),
        case("System.Runtime.Notify", "1,000 bytes, 512 times", format!("LDLOC0\nPUSH1\nPACK\nPUSHDATA1 \"E\"\n{notify}"))
            .before(zeros(1000, 0)),
        case("System.Runtime.Notify", "480 items, 512 times", format!("LDLOC0\nPUSH1\nPACK\nPUSHDATA1 \"E\"\n{notify}"))
            .before(format!("{}\nSTLOC0", array_of("PUSHNULL", 480))),
    ]
}

/// A script that returns at once, followed by 65,534 instructions, of which two differ each time.
const LOAD: &str = "LDLOC0\nPUSH2\nLDLOC1\nPUSHINT8 100\nMOD\nSETITEM\nLDLOC0\nPUSH4\nLDLOC1\nPUSHINT8 100\nDIV\nSETITEM\n\
                    LDLOC1\nINC\nSTLOC1\nNEWARRAY0\nPUSH15\nLDLOC0\nCONVERT ByteString\nSYSCALL System.Runtime.LoadScript\nDROP";

fn key() -> PublicKey {
    KEY.parse().expect("a public key")
}

fn rule(condition: Condition) -> WitnessRule {
    WitnessRule { action: WitnessRuleAction::Allow, condition }
}

fn witness(what: &str, rules: impl Fn(usize) -> Vec<WitnessRule>) -> Case {
    let signer = Signer { rules: rules(16), ..Signer::new(ACCOUNT, WitnessScopes::WITNESS_RULES) };
    let body = format!("PUSHDATA1 0x{}\nSYSCALL System.Runtime.CheckWitness\nDROP", hex::encode(ACCOUNT.0));
    Case { signers: vec![signer], ..case("System.Runtime.CheckWitness", what, body) }
}

fn storage() -> Vec<Case> {
    let get = "PUSHDATA1 0x01\nSYSCALL System.Storage.GetContext\nSYSCALL System.Storage.Get\nDROP";
    let counted = "LDLOC0\nINC\nSTLOC0\nLDLOC0\nSYSCALL System.Storage.GetContext\nSYSCALL System.Storage.Get\nDROP";
    let large = format!(
        "{}\nLDLOC0\nPUSHDATA1 0x01\nSYSCALL System.Storage.GetContext\nSYSCALL System.Storage.Put",
        zeros(65_535, 0)
    );
    let strings = array_of(&format!("PUSHDATA1 0x{}", "31".repeat(29)), 2000);
    let put = "PUSHDATA1 0x01\nPUSHDATA1 0x01\nSYSCALL System.Storage.Local.Put";
    vec![
        case(
            "System.Iterator.Next",
            "over 1,000 entries, found again and again",
            format!("{}\nSTLOC0\nLDLOC0\n{NEXT}", find(0)),
        )
        .after(WRITES),
        case("System.Iterator.Next", "1,000 calls deep", format!("{}\n{NEXT}", find(0))).after(WRITES).deep(),
        case("System.Iterator.Value", "65,535 bytes", VALUE).after(large.clone()).before(first(4)),
        case("System.Iterator.Value", "2,000 strings, deserialized", VALUE).after(store(&strings)).before(first(12)),
        case("System.Iterator.Value", "a map of 1,000 integers, deserialized", VALUE)
            .after(store(&map_of(1000)))
            .before(first(12)),
        case("System.Iterator.Value", "the first of 2,000 arrays, deserialized", VALUE)
            .after(store(&array_of("NEWARRAY0", 2000).replace("DUP", "NEWARRAY0")))
            .before(first(28)),
        case("System.Storage.AsReadOnly", "", "LDLOC0\nSYSCALL System.Storage.AsReadOnly\nDROP")
            .before("SYSCALL System.Storage.GetContext\nSTLOC0"),
        case(
            "System.Storage.Delete",
            "what is written again",
            format!("{put}\nPUSHDATA1 0x01\nSYSCALL System.Storage.GetContext\nSYSCALL System.Storage.Delete"),
        ),
        case("System.Storage.Find", "with 700 changes in the layer", format!("{}\nDROP", find(0)))
            .before(WRITES.replace("1000", "700")),
        case("System.Storage.Find", "and the first of 700 changes in the layer", format!("{}\n{NEXT}", find(0)))
            .before(WRITES.replace("1000", "700")),
        case("System.Storage.Get", "65,535 bytes", get).after(large.clone()),
        case("System.Storage.Get", "65,535 bytes, 1,000 calls deep", get).after(large.clone()).deep(),
        case("System.Storage.Get", "keys that are not there, 1,000 calls deep", counted).deep(),
        case("System.Storage.Get", "other keys, 1,000 calls deep", counted).after(WRITES).deep(),
        case(
            "System.Storage.Put",
            "a byte again and again",
            "PUSHDATA1 0x01\nPUSHDATA1 0x01\nSYSCALL System.Storage.GetContext\nSYSCALL System.Storage.Put",
        ),
        case("System.Storage.Local.Delete", "", "PUSHDATA1 0x01\nSYSCALL System.Storage.Local.Delete"),
        case(
            "System.Storage.Local.Find",
            "and the first of 700 changes in the layer",
            format!("PUSH0\nPUSHDATA1 0x\nSYSCALL System.Storage.Local.Find\n{NEXT}"),
        )
        .before(WRITES.replace("1000", "700")),
        case("System.Storage.Local.Get", "65,535 bytes", "PUSHDATA1 0x01\nSYSCALL System.Storage.Local.Get\nDROP")
            .after(large),
        case("System.Storage.Local.Put", "a byte again and again", put),
    ]
}
