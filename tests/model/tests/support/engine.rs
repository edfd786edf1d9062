//! The engine's items as text, in the form of [`neovm_model::describe`].

use neovm::{StackItem, Vm};
use neovm_model::SHOWN_CONTEXTS;

#[path = "../../../support/described.rs"]
mod described;

pub(crate) use described::describe;

/// What the contexts of a machine hold, in the order of `neovm_model::Machine::items`.
pub(crate) fn items(vm: &Vm) -> Vec<StackItem> {
    if vm.depth() == 0 {
        return vm.results().to_vec();
    }
    let mut all = Vec::new();
    for view in vm.contexts().into_iter().take(SHOWN_CONTEXTS) {
        for items in [view.stack, view.locals, view.arguments, view.statics] {
            all.push(StackItem::from(items.len() as i64));
            all.extend(items);
        }
    }
    all
}
