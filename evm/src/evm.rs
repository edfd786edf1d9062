//! The machine: transactions and messages over a world state.

use std::{fmt, rc::Rc};

use neovm_storage::{Layer, StoreError};
use revm::{
    Journal,
    context::{BlockEnv, CfgEnv, ContextTr, JournalTr, TxEnv},
    context_interface::{
        context::take_error,
        result::{ExecutionResult, InvalidHeader, InvalidTransaction},
    },
    handler::{FrameResult, Handler as _},
    inspector::{Inspector, InspectorHandler},
    interpreter::{
        CallInput, CallInputs, CallScheme, CallValue, CreateInputs, CreateScheme, FrameInput, SharedMemory,
        interpreter::EthInterpreter, interpreter_action::FrameInit,
    },
    primitives::{Address, B256, Bytes, TxKind, U256, hardfork::SpecId},
    state::Bytecode,
};

use crate::{
    Fork, Receipt, State, StateError, World,
    machine::{Context, Failure, Handler, Machine, context},
    spare::Spare,
    state::{Codes, codes},
};

/// The Ethereum virtual machine, by the rules of one fork of one chain.
///
/// It holds no state but code that it has analysed. Clones share that.
#[derive(Clone)]
pub struct Evm {
    fork: Fork,
    config: CfgEnv,
    codes: Codes,
}

/// A call of an account, or the creation of a contract: what a transaction comes down to, without fees, nonce and
/// signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who calls.
    pub caller: Address,
    /// The account that is called; or its code is the input, and makes a contract.
    pub to: TxKind,
    /// What the caller pays, in wei.
    pub value: U256,
    /// The data of the call, or the code that makes a contract.
    pub input: Bytes,
    /// The gas limit.
    pub gas: u64,
    /// Whether nothing may change: neither accounts nor storage nor logs.
    pub is_static: bool,
}

/// Why a transaction or message was not executed. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvmError {
    /// The transaction is not valid in this state, or by the rules of the fork.
    #[error("invalid transaction: {0}")]
    Transaction(#[from] InvalidTransaction),
    /// The block lacks what the fork asks for.
    #[error("invalid block: {0}")]
    Block(#[from] InvalidHeader),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was broken off: by a precompiled contract of the embedder's, or because its code asked for more memory than the
    /// [configuration](Evm::config) allows.
    #[error("{0}")]
    Aborted(String),
}

impl From<Failure> for EvmError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Transaction(error) => Self::Transaction(error),
            Failure::Header(error) => Self::Block(error),
            Failure::Database(StateError(error)) => Self::Store(error),
            Failure::Custom(error) => Self::Aborted(error),
            Failure::CustomAny(error) => Self::Aborted(error.to_string()),
        }
    }
}

impl Evm {
    /// Creates a machine for a chain with an id.
    pub fn new(fork: Fork, chain_id: u64) -> Self {
        Self { fork, config: fork.config(chain_id), codes: codes() }
    }

    /// Returns a machine by the rules of another fork, which shares analysed code with this one.
    pub fn with_fork(&self, fork: Fork) -> Self {
        Self { fork, config: fork.config(self.config.chain_id), codes: self.codes.clone() }
    }

    /// Returns the fork.
    pub fn fork(&self) -> Fork {
        self.fork
    }

    /// Returns revm's configuration: the limits of code and of memory, for example.
    pub fn config(&self) -> &CfgEnv {
        &self.config
    }

    /// Returns revm's configuration to be changed. Its rules and prices are the fork's.
    pub fn config_mut(&mut self) -> &mut CfgEnv {
        &mut self.config
    }

    /// Returns the accounts in a layer, with the code that the machine has analysed.
    pub fn state<'s>(&self, layer: &Rc<Layer<'s>>) -> State<'s> {
        State::with_codes(layer, self.codes.clone(), self.fork)
    }

    /// Executes a transaction of a block. What it changes is in the world's layer afterwards, and in the receipt.
    ///
    /// # Errors
    /// [`EvmError`] if the transaction is not valid or the store fails; then nothing has changed.
    pub fn execute(&self, world: &World<'_>, block: &BlockEnv, transaction: &TxEnv) -> Result<Receipt, EvmError> {
        let run = Run::new(self, world, block, transaction.clone(), ());
        run.execute(|handler, machine| handler.run(machine))
    }

    /// Executes a transaction of a block as [`Evm::execute`] does, and tells an inspector what happens. Inspectors are
    /// revm's: hooks for instructions, calls, creations and logs, which may also change what happens.
    ///
    /// # Errors
    /// Those of [`Evm::execute`].
    pub fn execute_inspected<'s, I: Inspector<Context<'s>, EthInterpreter>>(
        &self,
        world: &World<'s>,
        block: &BlockEnv,
        transaction: &TxEnv,
        inspector: I,
    ) -> Result<Receipt, EvmError> {
        let run = Run::new(self, world, block, transaction.clone(), inspector);
        run.execute(|handler, machine| handler.inspect_run(machine))
    }

    /// Executes a message in a block: no fees, no nonce, no gas for the transaction itself.
    ///
    /// `gas_price` is what GASPRICE pushes. ORIGIN pushes the caller.
    ///
    /// # Errors
    /// [`EvmError`] if the store fails; then nothing has changed.
    pub fn call(
        &self,
        world: &World<'_>,
        block: &BlockEnv,
        message: &Message,
        gas_price: u128,
    ) -> Result<Receipt, EvmError> {
        let run = Run::new(self, world, block, message.transaction(gas_price), ());
        run.call(message, |handler, machine, frame| handler.run_exec_loop(machine, frame))
    }

    /// Executes a message as [`Evm::call`] does, and tells an inspector what happens.
    ///
    /// # Errors
    /// Those of [`Evm::call`].
    pub fn call_inspected<'s, I: Inspector<Context<'s>, EthInterpreter>>(
        &self,
        world: &World<'s>,
        block: &BlockEnv,
        message: &Message,
        gas_price: u128,
        inspector: I,
    ) -> Result<Receipt, EvmError> {
        let run = Run::new(self, world, block, message.transaction(gas_price), inspector);
        run.call(message, |handler, machine, frame| handler.inspect_run_exec_loop(machine, frame))
    }
}

/// An execution under way.
struct Run<'s, I> {
    layer: Rc<Layer<'s>>,
    machine: Machine<'s, I>,
    /// See [`Spare`].
    rules: Option<SpecId>,
}

impl<'s, I> Run<'s, I> {
    fn new(evm: &Evm, world: &World<'s>, block: &BlockEnv, transaction: TxEnv, inspector: I) -> Self {
        let rules = world.precompiles.functions.is_empty().then(|| evm.fork().rules());
        let Spare { frames, local, journal, .. } = Spare::take(rules);
        let context = context(evm, world, block, transaction, journal, local);
        let machine = Machine::new(evm, world, context, inspector, frames);
        Self { machine, layer: Rc::clone(&world.layer), rules }
    }

    fn execute(
        mut self,
        run: impl FnOnce(&mut Handler<'s, I>, &mut Machine<'s, I>) -> Result<ExecutionResult, Failure>,
    ) -> Result<Receipt, EvmError> {
        check_kind(&self.machine.context().tx)?;
        let result = run(&mut Handler::default(), &mut self.machine)?;
        self.finish(Receipt::of_transaction(result))
    }

    fn call(
        mut self,
        message: &Message,
        run: impl FnOnce(&mut Handler<'s, I>, &mut Machine<'s, I>, FrameInit) -> Result<FrameResult, Failure>,
    ) -> Result<Receipt, EvmError> {
        let (machine, mut handler) = (&mut self.machine, Handler::default());
        handler.load_accounts(machine)?;
        let frame = message.frame(machine.context(), 0)?;
        let result = run(&mut handler, machine, frame)?;
        take_error::<Failure, _>(machine.context().error())?;
        machine.settle();
        let logs = machine.context().journal_mut().take_logs();
        self.finish(Receipt::of_message(result, logs))
    }

    /// Writes what has changed to the world's layer.
    fn finish(self, mut receipt: Receipt) -> Result<Receipt, EvmError> {
        let Machine { of_revm, deepest, turn: _turn } = self.machine;
        let Context { mut journaled_state, chain, local, .. } = of_revm.ctx;
        let mut changes = journaled_state.database.changes(journaled_state.inner.finalize())?;
        for session in chain.sessions {
            changes.extend(session.changes()?);
        }
        // Mostly it is in order already.
        changes.sort_by(|(a, _), (b, _)| a.cmp(b));
        changes.dedup_by(|(a, _), (b, _)| a == b);
        self.layer.write(&changes)?;
        receipt.changes = changes;
        Spare { frames: of_revm.frame_stack, local, journal: journaled_state.inner, rules: self.rules }.keep(deepest);
        Ok(receipt)
    }
}

/// Checks that a transaction with blobs or authorizations makes no contract: on the wire there is no such transaction,
/// and revm leaves the check to whoever decodes it.
///
/// Source: EIP-4844, EIP-7702.
fn check_kind(transaction: &TxEnv) -> Result<(), InvalidTransaction> {
    match transaction.tx_type {
        3 if transaction.kind.is_create() => Err(InvalidTransaction::BlobCreateTransaction),
        4 if transaction.kind.is_create() => Err(InvalidTransaction::AuthorizationListInvalidFields),
        _ => Ok(()),
    }
}

impl Message {
    /// What the code that runs sees of a transaction.
    fn transaction(&self, gas_price: u128) -> TxEnv {
        TxEnv { caller: self.caller, gas_price, gas_limit: self.gas, ..TxEnv::default() }
    }

    /// The first frame of the message, at a depth of calls.
    pub(crate) fn frame(&self, context: &mut Context<'_>, depth: usize) -> Result<FrameInit, Failure> {
        let journal = &mut context.journaled_state;
        journal.load_account(self.caller)?;
        let frame_input = match self.to {
            TxKind::Call(address) => FrameInput::Call(Box::new(CallInputs {
                input: CallInput::Bytes(self.input.clone()),
                return_memory_offset: 0..0,
                gas_limit: self.gas,
                reservoir: 0,
                bytecode_address: address,
                known_bytecode: code(journal, address)?,
                target_address: address,
                caller: self.caller,
                value: CallValue::Transfer(self.value),
                scheme: if self.is_static { CallScheme::StaticCall } else { CallScheme::Call },
                is_static: self.is_static,
                charged_new_account_state_gas: false,
            })),
            TxKind::Create => {
                let (input, scheme) = (self.input.clone(), CreateScheme::Create);
                FrameInput::Create(Box::new(CreateInputs::new(self.caller, scheme, self.value, input, self.gas, 0)))
            }
        };
        let mut memory = SharedMemory::new_with_buffer(context.local.shared_memory_buffer.clone());
        memory.set_memory_limit(context.cfg.memory_limit);
        Ok(FrameInit { depth, memory, frame_input })
    }
}

/// The code that runs at an address, and its hash: an account can point to another one's.
///
/// Source: EIP-7702.
fn code(journal: &mut Journal<State<'_>>, address: Address) -> Result<(B256, Bytecode), Failure> {
    let load = |journal: &mut Journal<State<'_>>, address| -> Result<_, Failure> {
        let info = &journal.load_account_with_code(address)?.data.info;
        Ok((info.code_hash, info.code.clone().unwrap_or_default()))
    };
    let (hash, code) = load(journal, address)?;
    match code.eip7702_address() {
        Some(delegate) => load(journal, delegate),
        None => Ok((hash, code)),
    }
}

impl fmt::Debug for Evm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evm").field("fork", &self.fork).field("chain_id", &self.config.chain_id).finish_non_exhaustive()
    }
}
