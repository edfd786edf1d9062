//! INITSSLOT runs together with the constants that are stored behind it. Whatever ends one of these instructions, gas,
//! a limit or a fault, the machine ends as if they had run one by one.

use neovm::{Limits, NoHost, RunOptions, VmConfig};
use neovm_testing::Snapshot;

use crate::{code, gas, loaded_with};

/// All that is stored at once, and what stops that.
const TEXTS: [&str; 9] = [
    "INITSSLOT 9\nPUSHM1\nSTSFLD0\nPUSHT\nSTSFLD1\nPUSHF\nSTSFLD2\nPUSHNULL\nSTSFLD3
     PUSHINT128 170141183460469231731687303715884105727\nSTSFLD4\nPUSHDATA1 \"text\"\nSTSFLD5
     PUSHDATA1 \"bytes\"\nCONVERT Buffer\nSTSFLD6\nPUSHINT32 100000\nSTSFLD 7
     LDSFLD6\nPUSH0\nPUSH1\nSETITEM\nLDSFLD6\nLDSFLD5\nLDSFLD4\nLDSFLD0\nLDSFLD 7\nLDSFLD 8",
    // A field twice: first only with scalars.
    "INITSSLOT 1\nPUSH0\nSTSFLD0\nPUSH7\nSTSFLD0\nPUSHDATA1 \"a\"\nCONVERT Buffer\nSTSFLD0
     PUSHDATA1 \"b\"\nSTSFLD0\nPUSH1\nSTSFLD0\nLDSFLD0",
    // A field that does not exist.
    "INITSSLOT 2\nPUSH1\nSTSFLD1\nPUSH1\nSTSFLD2",
    "INITSSLOT 1\nPUSH1\nSTSFLD0\nINITSSLOT 1\nPUSH2\nSTSFLD0",
    "INITSSLOT 0\nPUSH1\nSTSFLD0",
    // Another type, and a constant that is not stored.
    "INITSSLOT 1\nPUSHDATA1 \"1\"\nCONVERT Integer\nSTSFLD0\nLDSFLD0",
    "INITSSLOT 2\nPUSH1\nSTSFLD0\nPUSH2\nPUSH3\nSTSFLD1\nLDSFLD1",
    // In a method, with items on the stack, and with jumps between the stores.
    "PUSH4\nPUSH5\nCALL start\nLDSFLD0\nLDSFLD1\nJMP second
     start: INITSSLOT 2\nPUSH1\nSTSFLD0\nsecond: PUSHDATA1 \"x\"\nSTSFLD1\nRET",
    "INITSSLOT 3\nNEWARRAY0\nSTSFLD0\nPUSH1\nSTSFLD1",
];

/// Runs a script as a whole, twice on one machine, and one by one, and compares how it ends.
fn check(text: &str, config: &VmConfig, options: RunOptions) {
    let code = code(text);
    let mut stepped = loaded_with(&code, config.clone(), options);
    while stepped.step(&mut NoHost).is_none() {}
    let expected = Snapshot::of(&stepped);
    let mut vm = loaded_with(&code, config.clone(), options);
    for _ in 0..2 {
        vm.run(&mut NoHost);
        assert_eq!(Snapshot::of(&vm), expected, "{text}\n{options:?} {:?}", config.limits);
        vm.reset(options, &mut NoHost);
        vm.load(code.clone(), Default::default()).unwrap();
    }
}

#[test]
fn gas_ends_at_each_instruction() {
    for text in TEXTS {
        let mut stepped = loaded_with(&code(text), VmConfig::default(), gas(i64::MAX));
        let mut ended = false;
        while !ended {
            ended = stepped.step(&mut NoHost).is_some();
            let datoshi = stepped.gas_consumed().datoshi_ceil() as i64;
            for limit in [datoshi - 1, datoshi] {
                check(text, &VmConfig::default(), gas(limit));
            }
        }
    }
}

#[test]
fn limits_hold_within() {
    for text in TEXTS {
        for limit in 0..16 {
            for limits in [Limits::DEFAULT.with_max_stack_size(limit), Limits::DEFAULT.with_max_item_size(limit)] {
                check(text, &VmConfig::default().with_limits(limits), gas(i64::MAX));
            }
        }
    }
}

#[test]
fn budgets_stop_between_any_two() {
    for text in TEXTS {
        let code = code(text);
        for budget in 0..24 {
            let mut stepped = loaded_with(&code, VmConfig::default(), gas(i64::MAX));
            for _ in 0..budget {
                stepped.step(&mut NoHost);
            }
            let mut vm = loaded_with(&code, VmConfig::default(), gas(i64::MAX));
            vm.set_budget(Some(budget));
            vm.run(&mut NoHost);
            assert_eq!(Snapshot::of(&vm), Snapshot::of(&stepped), "{text}\nbudget {budget}");
        }
    }
}
