//! Machines that call each other.

use std::{
    cell::{Cell, RefCell},
    fmt, mem,
    rc::Rc,
};

use neovm_storage::{Layer, StoreError};
use revm::{
    context::{ContextTr, JournalTr},
    context_interface::{context::take_error, journaled_state::JournalCheckpoint},
    handler::Handler as _,
};

use crate::{
    Evm, EvmError, Message, PrecompileCall, Receipt, World,
    machine::{Context, Extension, Failure, Handler, Machine, bare_context},
    record::position_key,
    session,
};

/// How many executions may run inside of each other: each takes some memory of the native stack.
pub const MAX_NESTING: usize = 8;

/// An execution that waits for another machine, which a precompiled contract runs. That machine can call back.
///
/// Both machines undo what they did in frames that fail, and neither knows the other's frames. So the other machine
/// says by the layer of its current frame where it is: the layer holds the place in the EVM's journal up to which that
/// frame has seen it. When the other machine drops a layer, the place in the layer below is an earlier one, and what
/// the journal holds behind it is undone, at the latest when the EVM goes on. What the EVM does in the other direction
/// is said at [`PrecompileCall::keep`].
pub struct Suspended<'s> {
    evm: Evm,
    world: World<'s>,
    /// None while a call runs in it.
    context: RefCell<Option<Context<'s>>>,
    /// The journal when the other machine began.
    begin: JournalCheckpoint,
    is_static: bool,
    /// Gas that calls could be refunded.
    refund: Cell<i64>,
}

impl<'s> Suspended<'s> {
    pub(crate) fn new(call: &mut PrecompileCall<'_, 's>) -> Rc<Self> {
        let begin = place(call.context);
        Rc::new(Self {
            evm: call.evm.clone(),
            world: call.world.clone(),
            is_static: call.is_static(),
            context: RefCell::new(Some(take(call.context, call.evm))),
            begin,
            refund: Cell::new(0),
        })
    }

    /// Calls an account, or creates a contract, for the frame of the other machine whose changes are in `layer`. The
    /// gas that was used is the other machine's to charge.
    ///
    /// What precompiled contracts write in turn is in `layer` afterwards, unless the call fails.
    ///
    /// # Errors
    /// [`EvmError`] if the machine cannot go on: the store failed, a precompiled contract of the embedder's gave up, or
    /// more than [`MAX_NESTING`] executions would run inside of each other.
    pub fn call(&self, layer: &Rc<Layer<'s>>, message: &Message) -> Result<Receipt, EvmError> {
        let taken = self.context.borrow_mut().take();
        let Some(mut context) = taken else {
            return Err(EvmError::Precompile("the machine is in use".into()));
        };
        let result = self.call_in(&mut context, layer, message);
        *self.context.borrow_mut() = Some(context);
        result
    }

    fn call_in(
        &self,
        context: &mut Context<'s>,
        layer: &Rc<Layer<'s>>,
        message: &Message,
    ) -> Result<Receipt, EvmError> {
        if context.chain.nesting == MAX_NESTING {
            return Err(EvmError::Precompile(format!("more than {MAX_NESTING} executions inside of each other")));
        }
        self.undo(context, Some(layer))?;
        session::begin(context, layer);
        context.chain.nesting += 1;
        let result = self.run(context, message);
        context.chain.nesting -= 1;
        session::top(context);
        let session = context.chain.sessions.pop();
        let receipt = result?;
        session.map_or(Ok(()), session::Session::commit)?;
        layer.put(position_key(), bytes(place(context)))?;
        self.refund.set(self.refund.get() + receipt.gas_refunded as i64);
        Ok(receipt)
    }

    /// Runs a message inside of the execution.
    fn run(&self, context: &mut Context<'s>, message: &Message) -> Result<Receipt, Failure> {
        let local = mem::take(&mut context.local);
        let message = Message { is_static: message.is_static || self.is_static, ..message.clone() };
        let depth = context.journaled_state.depth;
        let logs = context.journaled_state.logs.len();
        let mut machine = Machine::new(&self.evm, &self.world, take(context, &self.evm), ());
        let result = message.frame(machine.context(), depth).and_then(|frame| {
            let result = Handler::default().run_exec_loop(&mut machine, frame)?;
            take_error::<Failure, _>(machine.context().error())?;
            Ok(result)
        });
        *context = machine.into_context();
        context.local = local;
        let logs = context.journaled_state.logs[logs..].to_vec();
        Ok(Receipt::of_message(result?, logs))
    }

    /// Ends the other machine's work: puts the execution back into the call. `layer` holds what the other machine has
    /// changed; without one it failed, and all that it called is undone.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn resume(&self, call: &mut PrecompileCall<'_, 's>, layer: Option<&Rc<Layer<'s>>>) -> Result<(), StoreError> {
        let Some(mut context) = self.context.borrow_mut().take() else {
            return Err(StoreError("the machine is in use".into()));
        };
        let undone = self.undo(&mut context, layer);
        *call.context = context;
        undone?;
        if let Some(layer) = layer {
            layer.delete(&position_key())?;
            call.gas.record_refund(self.refund.get());
        }
        Ok(())
    }

    /// Undoes what the frame of the other machine has not seen.
    fn undo(&self, context: &mut Context<'s>, layer: Option<&Rc<Layer<'s>>>) -> Result<(), StoreError> {
        let stored = layer.map_or(Ok(None), |layer| layer.peek(&position_key()))?;
        let seen = stored.and_then(|bytes| checkpoint(&bytes)).unwrap_or(self.begin);
        let journal = &mut context.journaled_state;
        if seen.journal_i < journal.journal.len() || seen.log_i < journal.logs.len() {
            // Reverting ends a frame, so one is begun.
            journal.checkpoint();
            journal.checkpoint_revert(seen);
        }
        Ok(())
    }
}

/// Takes a context, and leaves one that nobody uses.
fn take<'s>(context: &mut Context<'s>, evm: &Evm) -> Context<'s> {
    let state = context.journaled_state.database.clone();
    let extension = Extension { sessions: Vec::new(), nesting: 0 };
    mem::replace(context, bare_context(state, extension, evm.config()))
}

/// Where the journal is.
fn place(context: &Context<'_>) -> JournalCheckpoint {
    let journal = &context.journaled_state.inner;
    JournalCheckpoint {
        log_i: journal.logs.len(),
        journal_i: journal.journal.len(),
        selfdestructed_i: journal.selfdestructed_addresses.len(),
    }
}

fn bytes(place: JournalCheckpoint) -> neovm_storage::Value {
    let JournalCheckpoint { log_i, journal_i, selfdestructed_i } = place;
    [log_i, journal_i, selfdestructed_i].map(usize::to_le_bytes).concat().into()
}

fn checkpoint(bytes: &[u8]) -> Option<JournalCheckpoint> {
    let mut numbers =
        bytes.chunks_exact(size_of::<usize>()).filter_map(|bytes| Some(usize::from_le_bytes(bytes.try_into().ok()?)));
    Some(JournalCheckpoint { log_i: numbers.next()?, journal_i: numbers.next()?, selfdestructed_i: numbers.next()? })
}

impl fmt::Debug for Suspended<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suspended").field("evm", &self.evm).finish_non_exhaustive()
    }
}
