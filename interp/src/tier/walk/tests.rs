use alloc::{format, string::String, sync::Arc};

use neovm_types::{PriceTable, asm::assemble};

use super::*;
use crate::{Code, LoadOptions, RunOptions, VmConfig};

/// Returns how many instructions a walk from the first one notes, with a number of items on the stack.
fn noted(text: &str, items: i64) -> usize {
    let code = Code::decode(assemble(text).unwrap(), &Arc::new(PriceTable::default())).unwrap();
    let mut vm = Vm::new(VmConfig::default(), RunOptions::default());
    vm.load(Arc::new(code), LoadOptions::default()).unwrap();
    (0..items).for_each(|item| vm.push(item));
    vm.look_ahead().len()
}

fn times(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect()
}

#[test]
fn a_walk_follows_some_hundred_instructions() {
    assert_eq!(noted(&times(600, |_| "INC\n".into()), 1), MOST);
    assert_eq!(noted(&times(600, |_| "PUSH2\nPOW\n".into()), 1), 2 * MOST.div_ceil(SLOW + 1));
}

/// Instructions that have much to do end it earlier: the machine itself may never run them.
#[test]
fn what_an_instruction_has_to_do_counts() {
    let most = MOST / 100;
    // Hundreds of slots that are made.
    assert!(noted(&times(600, |_| "INITSLOT 255, 255\n".into()), 1500) <= most);
    // A thousand items that change places, and are looked at.
    for order in ["REVERSEN", "ROLL", "PICK"] {
        let noted = noted(&times(200, |_| format!("PUSHINT16 1400\n{order}\n")), 1500);
        assert!((2..=2 * most).contains(&noted), "{order}: {noted}");
    }
    // One more item each time: those above it make room.
    let deeper = times(600, |index| format!("PUSHINT16 {}\nPICK\n", 1000 + 2 * index));
    assert!((2..=10 * most).contains(&noted(&deeper, 2000)), "{}", noted(&deeper, 2000));
    // Hundreds of slots that each call puts away, and each return brings back.
    let calls = format!("INITSLOT 255, 0\n{}RET\nm: RET\n", times(300, |_| "CALL_L m\n".into()));
    assert!((2..=2 * most).contains(&noted(&calls, 0)), "{}", noted(&calls, 0));
}
