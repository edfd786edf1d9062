//! An execution that goes on from the state of another one.

use std::{cell::RefCell, rc::Rc};

use neovm_storage::Layer;
use neovm_types::engine_internals::ForkedItems;

use super::{Execution, Executor, Frame, Notification, iterator::Iterators};

/// The bytes of strings and buffers, and the entries of layers, that a copy may have.
const MAX_BYTES: usize = 4 << 20;
const MAX_ENTRIES: usize = 1 << 14;

impl Execution<'_> {
    /// Returns an execution in the same state, which goes its own way from here. It has neither budget nor interrupt
    /// flag.
    ///
    /// There is none while a native method waits for a contract that it has called, while a script holds an iterator,
    /// once the execution has ended, and if the copy would take much memory.
    pub fn fork(&mut self) -> Option<Self> {
        if self.refused.is_some() {
            return None;
        }
        let mut items = ForkedItems::new(MAX_BYTES);
        let vm = self.vm.fork(&mut items)?;
        let executor = self.executor.fork(&mut items)?;
        Some(Self { executor, vm: Box::new(vm), refused: None })
    }
}

impl<'s> Executor<'s> {
    fn fork(&mut self, items: &mut ForkedItems) -> Option<Self> {
        let (mut layers, mut room) = (Vec::new(), MAX_ENTRIES);
        let base = self.base.fork(&mut layers, &mut room)?;
        let frames = self.frames.iter().map(|frame| frame.fork(&mut layers, &mut room)).collect::<Option<_>>()?;
        let notification = |it: &Notification| Notification {
            contract: it.contract,
            event: it.event.clone(),
            state: items.copy(&it.state),
        };
        Some(Self {
            network: self.network,
            trigger: self.trigger,
            container: self.container,
            block: self.block,
            hardfork: self.hardfork,
            natives: self.natives,
            fee_factor: self.fee_factor,
            storage_price: self.storage_price,
            base,
            frames,
            lookups: RefCell::clone(&self.lookups),
            // They are made when they are asked for.
            container_items: Default::default(),
            witnesses: RefCell::clone(&self.witnesses),
            invocations: self.invocations.clone(),
            notifications: self.notifications.iter().map(notification).collect(),
            logs: self.logs.clone(),
            iterators: Iterators::fork(&mut self.iterators)?,
            random: self.random,
            native_fault: self.native_fault,
            attached: self.attached.clone(),
        })
        .filter(|_| !items.is_full())
    }
}

impl<'s> Frame<'s> {
    fn fork(&self, layers: &mut Vec<[Rc<Layer<'s>>; 2]>, room: &mut usize) -> Option<Self> {
        if self.then.is_some() {
            return None;
        }
        Some(Self {
            load: self.load,
            script: self.script.clone(),
            calling: self.calling,
            native_calling: self.native_calling,
            contract: self.contract.clone(),
            flags: self.flags,
            layer: self.layer.fork(layers, room)?,
            stamp: self.stamp,
            notifications: self.notifications,
            is_dynamic: self.is_dynamic,
            stack_below: self.stack_below,
            arguments: self.arguments,
            then: None,
        })
    }
}
