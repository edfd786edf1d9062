//! The engine's items as text, in the same form as [`neovm_model::describe`].

use neovm::{StackItem, Vm};
use neovm_model::SHOWN_CONTEXTS;
use neovm_testing::describe;

/// Describes an item.
pub(crate) fn item(item: &StackItem) -> String {
    describe(std::slice::from_ref(item))
}

/// Describes the results of a machine, or the items of its contexts.
pub(crate) fn machine(vm: &Vm) -> String {
    if vm.depth() == 0 { describe(vm.results()) } else { describe(&contexts(vm)) }
}

/// Returns the items of the contexts, in the order of `neovm_model::Machine::items`.
fn contexts(vm: &Vm) -> Vec<StackItem> {
    let mut all = Vec::new();
    for view in vm.contexts().into_iter().take(SHOWN_CONTEXTS) {
        for items in [view.stack, view.locals, view.arguments, view.statics] {
            all.push(StackItem::from(items.len() as i64));
            all.extend(items);
        }
    }
    all
}
