//! Machines that call each other.

use std::{cell::RefCell, fmt, mem, rc::Rc};

use neovm_storage::{Layer, StoreError, Value};
use revm::{
    context::{ContextTr, JournalTr},
    context_interface::{context::take_error, journaled_state::JournalCheckpoint},
    handler::Handler as _,
};

use crate::{
    Evm, EvmError, Message, PrecompileCall, PrecompileError, Receipt, World,
    machine::{Context, Failure, Handler, Machine, empty_context},
    record::position_key,
    session,
    spare::Frames,
};

/// How many executions may run inside of each other: each takes some memory of the native stack. One more fails as a
/// call does that is too deep.
pub const MAX_NESTING: usize = 8;

/// An execution that waits for another machine, which a precompiled contract runs. That machine can call back.
///
/// Both machines undo what they did in frames that fail, and neither knows the other's frames. So the other machine
/// says by the layer of its current frame where it is: the layer holds the place in the EVM's journal up to which that
/// frame has seen it. When the other machine drops a layer, the place in the layer below is an earlier one, and what
/// the journal holds behind it is undone, at the latest when the EVM goes on. What the EVM does in the other direction
/// is said at [`PrecompileCall::write`].
pub struct Suspended<'s> {
    evm: Evm,
    world: World<'s>,
    /// None while a call runs in it.
    context: RefCell<Option<Context<'s>>>,
    /// Where the other machine began.
    begin: Place,
    /// How many executions run inside of each other, this one included. Those further out have places in the same
    /// layers.
    nesting: usize,
    is_static: bool,
    /// Why the execution cannot go on.
    failure: RefCell<Option<EvmError>>,
}

/// A place in an execution, to go back to.
#[derive(Clone, Copy)]
struct Place {
    journal: JournalCheckpoint,
    /// What calls so far could be refunded.
    refund: i64,
}

impl<'s> Suspended<'s> {
    pub(crate) fn new(call: &mut PrecompileCall<'_, 's>) -> Rc<Self> {
        Rc::new(Self {
            evm: call.evm.clone(),
            // The execution outside may have its turn already.
            world: World { turns: None, ..call.world.clone() },
            begin: Place::new(call.context, 0),
            nesting: call.context.chain.nesting,
            is_static: call.is_static(),
            context: RefCell::new(Some(take(call.context, call.evm))),
            failure: RefCell::default(),
        })
    }

    /// Calls an account, or creates a contract, for the frame of the other machine whose changes are in `layer`. The
    /// gas that was used is the other machine's to charge.
    ///
    /// What precompiled contracts write in turn is in `layer` afterwards, unless the call fails.
    ///
    /// # Errors
    /// [`EvmError`] if the execution cannot go on: the store failed, or a precompiled contract of the embedder's gave
    /// up. Then the execution as a whole fails, whatever the other machine makes of it. Also if it does not wait: it is
    /// over, or a call is under way in it.
    pub fn call(&self, layer: &Rc<Layer<'s>>, message: &Message) -> Result<Receipt, EvmError> {
        if let Some(failure) = &*self.failure.borrow() {
            return Err(failure.clone());
        }
        let taken = self.context.borrow_mut().take();
        let Some(mut context) = taken else {
            return Err(EvmError::Aborted("the execution does not wait for calls".into()));
        };
        let result = self.call_in(&mut context, layer, message);
        *self.context.borrow_mut() = Some(context);
        *self.failure.borrow_mut() = result.as_ref().err().cloned();
        result
    }

    fn call_in(
        &self,
        context: &mut Context<'s>,
        layer: &Rc<Layer<'s>>,
        message: &Message,
    ) -> Result<Receipt, EvmError> {
        if self.nesting + 1 == MAX_NESTING {
            return Ok(Receipt::too_deep());
        }
        let seen = self.undo(context, Some(layer))?;
        session::begin(context, layer);
        context.chain.nesting += 1;
        let result = self.run(context, message);
        context.chain.nesting -= 1;
        let session = session::end(context);
        let (receipt, refund) = result?;
        session.map_or(Ok(()), session::Session::commit)?;
        let place = Place::new(context, seen.refund + refund);
        layer.put(position_key(self.nesting), place.to_bytes())?;
        Ok(receipt)
    }

    /// Runs a message inside of the execution. Returns also what could be refunded, which is less than nothing if the
    /// message takes back what was done before it.
    fn run(&self, context: &mut Context<'s>, message: &Message) -> Result<(Receipt, i64), Failure> {
        let local = mem::take(&mut context.local);
        let message = Message { is_static: message.is_static || self.is_static, ..message.clone() };
        let depth = context.journaled_state.depth;
        let logs = context.journaled_state.logs.len();
        let mut machine = Machine::new(&self.evm, &self.world, take(context, &self.evm), (), Frames::new());
        let result = message.frame(machine.context(), depth).and_then(|frame| {
            let result = Handler::default().run_exec_loop(&mut machine, frame)?;
            take_error::<Failure, _>(machine.context().error())?;
            Ok(result)
        });
        *context = machine.into_context();
        context.local = local;
        let result = result?;
        let refund = if result.interpreter_result().result.is_ok() { result.gas().refunded() } else { 0 };
        let logs = context.journaled_state.logs[logs..].to_vec();
        Ok((Receipt::of_message(result, logs), refund))
    }

    /// Ends the other machine's work: puts the execution back into the call. `layer` holds what the other machine has
    /// changed; without one it failed, and all that it called is undone.
    pub(crate) fn resume(
        &self,
        call: &mut PrecompileCall<'_, 's>,
        layer: Option<&Rc<Layer<'s>>>,
    ) -> Result<(), PrecompileError> {
        // No call is under way in it: that would have this frame inside of it.
        if let Some(context) = self.context.borrow_mut().take() {
            *call.context = context;
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure.into());
        }
        let seen = self.undo(call.context, layer)?;
        if let Some(layer) = layer {
            layer.delete(&position_key(self.nesting))?;
        }
        call.gas.record_refund(seen.refund);
        Ok(())
    }

    /// Undoes what the frame of the other machine has not seen, and returns where that frame is.
    fn undo(&self, context: &mut Context<'s>, layer: Option<&Rc<Layer<'s>>>) -> Result<Place, StoreError> {
        let stored = layer.map_or(Ok(None), |layer| layer.peek(&position_key(self.nesting)))?;
        let seen = stored.and_then(|bytes| Place::from_bytes(&bytes)).unwrap_or(self.begin);
        let journal = &mut context.journaled_state;
        if seen.journal.journal_i < journal.journal.len() || seen.journal.log_i < journal.logs.len() {
            // Reverting ends a frame, so one is begun.
            journal.checkpoint();
            journal.checkpoint_revert(seen.journal);
        }
        Ok(seen)
    }
}

impl Place {
    /// Where an execution is.
    fn new(context: &Context<'_>, refund: i64) -> Self {
        let inner = &context.journaled_state.inner;
        let journal = JournalCheckpoint {
            log_i: inner.logs.len(),
            journal_i: inner.journal.len(),
            selfdestructed_i: inner.selfdestructed_addresses.len(),
        };
        Self { journal, refund }
    }

    fn to_bytes(self) -> Value {
        let JournalCheckpoint { log_i, journal_i, selfdestructed_i } = self.journal;
        let numbers = [log_i, journal_i, selfdestructed_i].map(|number| number as i64);
        [numbers[0], numbers[1], numbers[2], self.refund].map(i64::to_le_bytes).concat().into()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut numbers = bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
        let mut next = || usize::try_from(numbers.next()?).ok();
        let journal = JournalCheckpoint { log_i: next()?, journal_i: next()?, selfdestructed_i: next()? };
        Some(Self { journal, refund: numbers.next()? })
    }
}

/// Takes a context, and leaves one that nobody uses.
fn take<'s>(context: &mut Context<'s>, evm: &Evm) -> Context<'s> {
    let state = context.journaled_state.database.clone();
    mem::replace(context, empty_context(state, evm.config()))
}

impl fmt::Debug for Suspended<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suspended").field("evm", &self.evm).finish_non_exhaustive()
    }
}
