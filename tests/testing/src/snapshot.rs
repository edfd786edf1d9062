//! The visible state of a machine, to compare.

use neovm::{Fault, StackItem, State, Vm};

use crate::describe;

/// With more contexts than this, a snapshot holds only the stack of the current one.
const MAX_CONTEXTS: usize = 64;

/// The visible state of a machine between two instructions, or after its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The state: halted, faulted, or stopped.
    pub state: State,
    /// The fault with its kind, opcode and position.
    pub fault: Option<Fault>,
    /// The gas consumed, in datoshi.
    pub gas: u128,
    /// The number of instructions begun.
    pub instructions: u64,
    /// The number of contexts on the invocation stack.
    pub depth: usize,
    /// The position of the next instruction.
    pub position: Option<usize>,
    /// The exception that was thrown and not caught yet.
    pending: String,
    /// The reference counter's count.
    pub references: i64,
    /// The position of each context.
    positions: Vec<usize>,
    /// The items of all stacks, slots and static fields, as text.
    items: String,
}

impl Snapshot {
    /// Takes a snapshot of a machine.
    pub fn of(vm: &Vm) -> Self {
        let (positions, items) = contexts(vm);
        Self {
            state: vm.state(),
            fault: vm.fault().cloned(),
            gas: vm.gas_consumed().datoshi_ceil(),
            instructions: vm.instructions(),
            depth: vm.depth(),
            position: vm.position(),
            pending: vm.pending_exception().map(|item| describe(std::slice::from_ref(item))).unwrap_or_default(),
            references: vm.reference_count(),
            positions,
            items,
        }
    }
}

fn contexts(vm: &Vm) -> (Vec<usize>, String) {
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
    (positions, describe(&all))
}
