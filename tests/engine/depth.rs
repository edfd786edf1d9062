//! Depth costs memory on the heap, never native stack.

use std::{sync::Arc, thread};

use neovm::{
    FaultKind, Gas, Limits, LoadOptions, NoHost, Outcome, RunOptions, StackItem, Vm, VmConfig,
    types::item::{JsonError, JsonLimits, write_json_stack},
};

use crate::{LOOP, code, integers, loaded};

/// Runs on a thread with a native stack of 256 KiB.
fn on_a_small_stack(test: fn()) {
    thread::Builder::new().stack_size(256 << 10).spawn(test).unwrap().join().unwrap();
}

/// The limits of the networks but for the number of items.
fn with_items(max_stack_size: u32) -> VmConfig {
    VmConfig::default().with_limits(Limits::DEFAULT.with_max_stack_size(max_stack_size))
}

/// Calls itself as often as the static field says, each time with all slots
/// that there can be, and adds up an argument and a local variable of each.
fn slots_at_each_depth(depth: u32) -> Vm {
    let arguments = "PUSH3\n".repeat(254);
    let text = format!(
        "INITSSLOT 1\nPUSHINT16 {depth}\nSTSFLD0\nCALL_L deep\nRET
         deep: {arguments}LDSFLD0\nINITSLOT 255, 255\nLDARG0\nSTLOC 254
         LDSFLD0\nDEC\nSTSFLD0\nPUSH0\nLDSFLD0\nJMPIFNOT end\nDROP\nCALL_L deep
         end: LDLOC 254\nADD\nLDARG 254\nADD\nRET"
    );
    loaded(&code(&text), with_items(1 << 20))
}

#[test]
fn all_slots_in_1024_contexts() {
    on_a_small_stack(|| {
        let mut vm = slots_at_each_depth(1023);
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        assert_eq!(integers(&vm), [1023 * 1024 / 2 + 3 * 1023]);
        assert_eq!(vm.reference_count(), 1);
    });
}

#[test]
fn a_context_too_many() {
    on_a_small_stack(|| {
        let mut vm = slots_at_each_depth(1024);
        let Outcome::Fault(fault) = vm.run(&mut NoHost) else { panic!("1025 contexts are too many") };
        assert_eq!(fault.kind, FaultKind::MaxInvocationStackSize { count: 1024 });
        assert_eq!((vm.depth(), vm.contexts().len()), (1024, 1024));
        assert_eq!(vm.contexts()[500].locals.len(), 255);
        assert_eq!(vm.contexts()[500].arguments.len(), 255);
        vm.reset(RunOptions::new(Gas::ZERO), &mut NoHost);
        assert_eq!((vm.depth(), vm.reference_count()), (0, 0));
    });
}

/// Packs an array into an array, and so on.
fn nested(turns: u32, config: VmConfig) -> Vm {
    let text = format!("NEWARRAY0\nPUSHINT32 {turns}\nnext: SWAP\nPUSH1\nPACK\nSWAP\nDEC\nDUP\nJMPIF next\nDROP\nRET");
    let mut vm = loaded(&code(&text), config);
    assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
    vm
}

/// How many arrays are one in the other.
fn levels(item: &StackItem) -> usize {
    let (mut levels, mut item) = (0, item.clone());
    while let StackItem::Array(array) = &item {
        levels += 1;
        let Some(inner) = array.get(0) else { break };
        item = inner;
    }
    levels
}

#[test]
fn arrays_nested_up_to_the_item_limit() {
    on_a_small_stack(|| {
        // Two cells are needed for the counter while the arrays grow.
        let mut vm = nested(2045, VmConfig::default());
        assert_eq!((levels(&vm.results()[0]), vm.reference_count()), (2046, 2046));
        let json = vm.results()[0].to_json().unwrap();
        assert_eq!(json.matches("Array").count(), 2046);
        let results = vm.take_results();
        assert_eq!(vm.reference_count(), 0);
        drop(vm);
        let copy = results[0].deep_copy(false);
        drop(results);
        assert_eq!(levels(&copy), 2046);
    });
}

#[test]
fn a_million_nested_arrays() {
    on_a_small_stack(|| {
        let vm = nested(1_000_000, with_items(1 << 21));
        assert_eq!(levels(&vm.results()[0]), 1_000_001);
        assert_eq!(vm.reference_count(), 1_000_001);
        assert_eq!(vm.results()[0].to_json(), Err(JsonError::TooLarge));
        let mut text = String::new();
        let limits = JsonLimits { nodes: 2_000_000, text: usize::MAX };
        write_json_stack(&mut text, vm.results(), limits).unwrap();
        assert_eq!(text.matches("Array").count(), 1_000_001);
        drop(vm);
    });
}

#[test]
fn a_long_run_on_a_small_stack() {
    on_a_small_stack(|| {
        let text = LOOP.replace("20000", "200000");
        let mut vm = loaded(&code(&text), VmConfig::default());
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        assert!(vm.instructions() > 1_000_000);
        assert_eq!(vm.results()[0].to_integer(), Ok(20_000_100_000_i64.into()));
    });
}

#[test]
fn exceptions_out_of_1024_contexts() {
    on_a_small_stack(|| {
        let text = "INITSSLOT 1\nTRY caught, -\nCALL deep\ncaught: RET
            deep: LDSFLD0\nINC\nSTSFLD0\nLDSFLD0\nPUSHINT16 1023\nEQUAL\nJMPIF throw\nCALL deep
            throw: LDSFLD0\nTHROW";
        let text = text.replace("INITSSLOT 1\n", "INITSSLOT 1\nPUSH0\nSTSFLD0\n");
        let mut vm = loaded(&code(&text), VmConfig::default());
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        assert_eq!(integers(&vm), [1023]);
    });
}

#[test]
fn loads_as_deep_as_contexts_may_be() {
    on_a_small_stack(|| {
        let code = code("PUSH1\nRET");
        let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
        for _ in 0..1024 {
            vm.load(Arc::clone(&code), LoadOptions::default()).unwrap();
        }
        let error = vm.load(Arc::clone(&code), LoadOptions::default());
        assert_eq!(error, Err(FaultKind::MaxInvocationStackSize { count: 1024 }));
        assert_eq!(vm.run(&mut NoHost), Outcome::Halt);
        assert_eq!(vm.results().len(), 1024);
    });
}
