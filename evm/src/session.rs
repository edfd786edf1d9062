//! One checkpoint for what the EVM and other machines write.

use std::{fmt, rc::Rc};

use neovm_storage::{Batch, Layer, StoreError};
use revm::{
    context::JournalTr,
    primitives::{Address, U256},
};

use crate::machine::Context;

/// Where the journal holds the number of live layers of each session, in transient storage: nobody has this address.
const SESSIONS: Address = Address::new(*b"neovm-evm's sessions");

/// What precompiled contracts have written to the storage in a transaction, in a message, or in a call that another
/// machine made while it ran for a precompiled contract.
///
/// Their layers lie one above the other. How many of them still count is a number in revm's journal: when a frame is
/// reverted, the journal brings back the former number, and with it go the layers above. So there is one checkpoint
/// for what both machines write.
pub(crate) struct Session<'s> {
    base: Rc<Layer<'s>>,
    kept: Vec<Rc<Layer<'s>>>,
}

impl<'s> Session<'s> {
    pub(crate) fn new(base: &Rc<Layer<'s>>) -> Self {
        Self { base: Rc::clone(base), kept: Vec::new() }
    }

    /// Hands what was written to the base.
    pub(crate) fn commit(mut self) -> Result<(), StoreError> {
        self.join(0)
    }

    /// Returns what was written.
    pub(crate) fn changes(mut self) -> Result<Batch, StoreError> {
        self.join(1)?;
        Ok(self.kept.first().map_or_else(Batch::new, |layer| layer.changes()))
    }

    /// Hands what was written down to the base, or to the first of the layers.
    fn join(&mut self, left: usize) -> Result<(), StoreError> {
        self.kept.drain(left.min(self.kept.len())..).rev().try_for_each(|layer| layer.commit())
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("kept", &self.kept.len()).finish()
    }
}

/// The innermost session of a context.
fn current(context: &Context<'_>) -> U256 {
    U256::from(context.chain.sessions.len())
}

/// Begins a session inside of the current one.
pub(crate) fn begin<'s>(context: &mut Context<'s>, base: &Rc<Layer<'s>>) {
    context.chain.sessions.push(Session::new(base));
    let session = current(context);
    context.journaled_state.tstore(SESSIONS, session, U256::ZERO);
}

/// Ends the current session, which [`begin`] began.
pub(crate) fn end<'s>(context: &mut Context<'s>) -> Option<Session<'s>> {
    settle(context);
    context.chain.sessions.pop()
}

/// Forgets the layers of the current session that were written in frames which have been reverted since.
pub(crate) fn settle(context: &mut Context<'_>) {
    let live = context.journaled_state.tload(SESSIONS, current(context)).saturating_to();
    if let Some(session) = context.chain.sessions.last_mut() {
        session.kept.truncate(live);
    }
}

/// Returns a new layer, above what was written in the current session.
pub(crate) fn above<'s>(context: &mut Context<'s>) -> Rc<Layer<'s>> {
    settle(context);
    let session = context.chain.sessions.last().expect("a context that runs has a session");
    Layer::above(session.kept.last().unwrap_or(&session.base))
}

/// Keeps what a layer holds, which [`above`] has returned last, unless the current frame is reverted.
pub(crate) fn keep<'s>(context: &mut Context<'s>, layer: Rc<Layer<'s>>) {
    let session = current(context);
    if let Some(kept) = context.chain.sessions.last_mut().map(|session| &mut session.kept) {
        kept.push(layer);
        let live = U256::from(kept.len());
        context.journaled_state.tstore(SESSIONS, session, live);
    }
}
