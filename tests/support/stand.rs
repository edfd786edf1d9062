//! How a machine stands: all that can be seen of it, for comparison.

use neovm::{Fault, FaultKind, StackItem, State, Vm};

use crate::described::describe;

/// With more contexts than this, only what the current one holds is looked at.
const MAX_CONTEXTS: usize = 64;

/// A machine between two instructions, or after its end.
#[derive(Debug, PartialEq)]
pub(crate) struct Stand {
    pub(crate) state: State,
    /// Kind, and so the message, opcode and position.
    pub(crate) fault: Option<Fault>,
    pub(crate) gas: u128,
    pub(crate) instructions: u64,
    pub(crate) depth: usize,
    /// The next instruction.
    pub(crate) position: Option<usize>,
    /// What was thrown and not caught yet.
    pending: String,
    /// The count of items, and those of the stack, slots and static fields of all contexts
    /// with the contexts' positions. Not after a fault, since an instruction that faults may
    /// be half done; but one that is not paid for has not begun.
    items: Option<(i64, Vec<usize>, String)>,
}

impl Stand {
    pub(crate) fn of(vm: &Vm) -> Self {
        let fault = vm.fault().cloned();
        let is_whole = fault.as_ref().is_none_or(|fault| fault.kind == FaultKind::InsufficientGas);
        Self {
            state: vm.state(),
            fault,
            gas: vm.gas_consumed(),
            instructions: vm.instructions(),
            depth: vm.depth(),
            position: vm.position(),
            pending: vm.pending_exception().map(|item| describe(std::slice::from_ref(item))).unwrap_or_default(),
            items: is_whole.then(|| items(vm)),
        }
    }
}

impl Stand {
    /// The count of items, where it is known.
    pub(crate) fn items_counted(&self) -> Option<i64> {
        self.items.as_ref().map(|items| items.0)
    }
}

fn items(vm: &Vm) -> (i64, Vec<usize>, String) {
    let (mut all, mut positions) = (Vec::new(), Vec::new());
    let mut add = |items: &[StackItem]| {
        all.push(StackItem::from(items.len() as i64));
        all.extend_from_slice(items);
    };
    match vm.depth() {
        0 => add(vm.results()),
        1..=MAX_CONTEXTS => {
            for view in vm.contexts() {
                positions.push(view.position);
                [view.stack, view.locals, view.arguments, view.statics].iter().for_each(|items| add(items));
            }
        }
        _ => add(&(0..vm.stack_len()).map_while(|i| vm.peek(i).ok().cloned()).collect::<Vec<_>>()),
    }
    (vm.reference_count(), positions, describe(&all))
}
