//! The engine's items as text, in the form of [`neovm_model::describe`].

#[path = "../../support/described.rs"]
mod described;

use neovm::{StackItem, Vm};
use neovm_model::SHOWN_CONTEXTS;

use described::describe;

/// An item as text.
pub(crate) fn item(item: &StackItem) -> String {
    describe(std::slice::from_ref(item))
}

/// What the results or the contexts of a machine hold, as text.
pub(crate) fn machine(vm: &Vm) -> String {
    if vm.depth() == 0 { describe(vm.results()) } else { describe(&contexts(vm)) }
}

/// What the contexts hold, in the order of `neovm_model::Machine::items`.
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
