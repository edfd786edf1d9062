//! Arrays and maps that a host made read-only: each change of them faults, in a hot loop too in
//! which the same instruction changed others before.

use neovm::{Caller, FaultKind, Host, HostError, Outcome, StackItem, VmConfig};

use crate::{code, json, loaded};

/// Gives an item, and the second time one that is read-only.
struct Keeper {
    item: StackItem,
    given: u32,
}

impl Host for Keeper {
    fn syscall(&mut self, caller: &mut Caller<'_>, _: u32) -> Result<(), HostError> {
        self.given += 1;
        if self.given > 2 {
            return Err(FaultKind::Host("the change did not fault".into()).into());
        }
        caller.push(self.item.deep_copy(self.given > 1));
        Ok(())
    }
}

/// Runs a change in a loop, of one item and then of one that is read-only: it faults, and leaves
/// the item as it is.
fn change(item: &StackItem, change: &str, message: &'static str) {
    // Behind NOP, so that compiled code is entered where the loop begins.
    let text = format!(
        "INITSLOT 2, 0\na: SYSCALL 0x01000000\nSTLOC0\nPUSHINT8 20\nSTLOC1\nNOP\nn: LDLOC0\n{change}\n
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nJMP a"
    );
    let mut host = Keeper { item: item.clone(), given: 0 };
    let mut vm = loaded(&code(&text), VmConfig::default());
    let Outcome::Fault(fault) = vm.run(&mut host) else { panic!("{change} ends by a fault") };
    assert_eq!((fault.kind, host.given), (FaultKind::ReadOnly(message), 2), "{change}");
    let locals = &vm.contexts()[0].locals;
    assert_eq!(json(&locals[..1]), json([item]), "{change}");
    assert_eq!(locals[1].to_i32(), Ok(20), "{change}");
}

#[test]
fn arrays_stay_as_they_are() {
    let items = || (0..40).map(StackItem::from).collect::<Vec<_>>();
    for item in [StackItem::array(items()), StackItem::structure(items())] {
        change(&item, "PUSH0\nPUSH7\nSETITEM", "The object is readonly.");
        change(&item, "PUSH0\nPUSHDATA1 \"seven\"\nSETITEM", "The object is readonly.");
        change(&item, "LDLOC1\nAPPEND", "The array is readonly, can not add item.");
        change(&item, "PUSH0\nREMOVE", "The array is readonly, can not remove item.");
        change(&item, "POPITEM\nDROP", "The array is readonly, can not remove item.");
        change(&item, "REVERSEITEMS", "The array is readonly, can not reverse.");
        change(&item, "CLEARITEMS", "The array is readonly, can not clear.");
    }
}

#[test]
fn maps_stay_as_they_are() {
    let map = neovm::types::Map::new();
    map.insert(1.into(), 2.into()).unwrap();
    let item = StackItem::Map(map);
    change(&item, "PUSH1\nLDLOC1\nSETITEM", "The map is readonly, can not set value.");
    change(&item, "PUSH3\nLDLOC1\nSETITEM", "The map is readonly, can not set value.");
    change(&item, "PUSH1\nREMOVE", "The map is readonly, can not remove key.");
    change(&item, "CLEARITEMS", "The map is readonly, can not clear.");
}
