//! Precompiled contracts of the embedder's.

use std::rc::Rc;

use neovm_storage::{Layer, StoreError};
use revm::{
    context::{ContextTr, JournalTr},
    interpreter::{CallInputs, Gas, InstructionResult, InterpreterResult},
    primitives::{Address, Bytes, Log, LogData, U256},
};

use crate::{Evm, EvmError, Suspended, World, machine::Context, session, world::Precompile};

/// Why a precompiled contract failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrecompileError {
    /// It reverts, with a reason that its caller gets. Gas that is left is given back.
    #[error("reverted")]
    Revert(Bytes),
    /// There was not enough gas. All of it is gone.
    #[error("out of gas")]
    OutOfGas,
    /// It fails, as a precompiled contract does that is given bad input. All of the gas is gone.
    #[error("{0}")]
    Failed(String),
    /// The execution as a whole cannot go on: there will be no receipt.
    #[error("{0}")]
    Fatal(String),
}

/// The store failed: what would come of the transaction cannot be known.
impl From<StoreError> for PrecompileError {
    fn from(error: StoreError) -> Self {
        Self::Fatal(error.to_string())
    }
}

/// A call of a precompiled contract of the embedder's.
pub struct PrecompileCall<'c, 's> {
    pub(crate) evm: &'c Evm,
    pub(crate) world: &'c World<'s>,
    pub(crate) context: &'c mut Context<'s>,
    inputs: &'c CallInputs,
    input: Bytes,
    pub(crate) gas: Gas,
}

impl<'s> PrecompileCall<'_, 's> {
    /// Returns the data of the call.
    pub fn input(&self) -> &Bytes {
        &self.input
    }

    /// Returns the account that calls.
    pub fn caller(&self) -> Address {
        self.inputs.caller
    }

    /// Returns the account that is called: the precompiled contract, unless it is called by DELEGATECALL or CALLCODE.
    pub fn address(&self) -> Address {
        self.inputs.target_address
    }

    /// Returns what the caller has paid, in wei.
    pub fn value(&self) -> U256 {
        self.inputs.value.get()
    }

    /// Returns whether nothing may change, because a STATICCALL is under way.
    pub fn is_static(&self) -> bool {
        self.inputs.is_static
    }

    /// Returns the gas that is left.
    pub fn gas_left(&self) -> u64 {
        self.gas.remaining()
    }

    /// Takes gas.
    ///
    /// # Errors
    /// [`PrecompileError::OutOfGas`] if there is not enough.
    pub fn charge(&mut self, gas: u64) -> Result<(), PrecompileError> {
        if self.gas.record_regular_cost(gas) { Ok(()) } else { Err(PrecompileError::OutOfGas) }
    }

    /// Writes a log.
    ///
    /// # Errors
    /// [`PrecompileError::Failed`] if nothing may change, or there are more than four topics.
    pub fn log(&mut self, topics: Vec<revm::primitives::B256>, data: Bytes) -> Result<(), PrecompileError> {
        self.require_writable()?;
        let data = LogData::new(topics, data).ok_or_else(|| PrecompileError::Failed("more than four topics".into()))?;
        let address = self.address();
        self.context.journal_mut().log(Log { address, data });
        Ok(())
    }

    /// Writes to the storage: `write` is given a layer above what other calls of precompiled contracts have written in
    /// this execution. What it writes is kept if it returns well, until this frame or one that called it is reverted.
    ///
    /// The EVM's own accounts are in its journal until the execution ends: they cannot be seen here as they are now, and
    /// are not to be written.
    ///
    /// # Errors
    /// Those of `write`; [`PrecompileError::Failed`] if it has written something and nothing may change.
    pub fn write<T, E: Into<PrecompileError>>(
        &mut self,
        write: impl FnOnce(&Rc<Layer<'s>>) -> Result<T, E>,
    ) -> Result<T, PrecompileError> {
        let layer = session::above(self.context);
        let result = write(&layer).map_err(Into::into)?;
        self.keep(layer)?;
        Ok(result)
    }

    /// Runs another machine, which may call this one back: `run` is given the [execution](Suspended) that waits
    /// meanwhile, and a layer as [`PrecompileCall::write`] gives one, to run over. If it fails, all is undone that it
    /// wrote and that it called.
    ///
    /// The gas that the other machine uses is to be [charged](Self::charge) afterwards, that of the calls back with it.
    ///
    /// # Errors
    /// Those of `run`; [`PrecompileError::Failed`] if it has written something and nothing may change;
    /// [`PrecompileError::Fatal`] if a call back could not go on, whatever `run` made of that.
    pub fn suspend<T, E: Into<PrecompileError>>(
        &mut self,
        run: impl FnOnce(&Rc<Suspended<'s>>, &Rc<Layer<'s>>) -> Result<T, E>,
    ) -> Result<T, PrecompileError> {
        let layer = session::above(self.context);
        let suspended = Suspended::new(self);
        let result = run(&suspended, &layer);
        suspended.resume(self, result.is_ok().then_some(&layer))?;
        let result = result.map_err(Into::into)?;
        self.keep(layer)?;
        Ok(result)
    }

    /// Keeps what was written to a layer, unless the current frame is reverted.
    fn keep(&mut self, layer: Rc<Layer<'s>>) -> Result<(), PrecompileError> {
        if !layer.changes().is_empty() {
            self.require_writable()?;
            session::keep(self.context, layer);
        }
        Ok(())
    }

    fn require_writable(&self) -> Result<(), PrecompileError> {
        if self.is_static() {
            Err(PrecompileError::Failed("a static call may not change anything".into()))
        } else {
            Ok(())
        }
    }
}

/// Runs a precompiled contract.
pub(crate) fn run<'s>(
    evm: &Evm,
    world: &World<'s>,
    context: &mut Context<'s>,
    inputs: &CallInputs,
    function: &Precompile<'s>,
) -> Result<InterpreterResult, String> {
    let (input, gas) = (inputs.input.bytes(context), Gas::new(inputs.gas_limit));
    let mut call = PrecompileCall { evm, world, context, inputs, input, gas };
    let (result, output) = match function(&mut call) {
        Ok(output) => (InstructionResult::Return, output),
        Err(PrecompileError::Revert(reason)) => (InstructionResult::Revert, reason),
        Err(PrecompileError::OutOfGas) => (InstructionResult::PrecompileOOG, Bytes::new()),
        Err(PrecompileError::Failed(_)) => (InstructionResult::PrecompileError, Bytes::new()),
        Err(PrecompileError::Fatal(error)) => return Err(error),
    };
    let mut gas = call.gas;
    if result.is_halt() {
        gas.spend_all();
    }
    Ok(InterpreterResult::new(result, output, gas))
}

impl From<EvmError> for PrecompileError {
    fn from(error: EvmError) -> Self {
        Self::Fatal(error.to_string())
    }
}
