//! revm's machine with the parts of this crate: accounts in a [`State`], the embedder's precompiled contracts, and
//! two rules of forks that revm leaves out, EIP-1283 and EIP-7610.

use revm::{
    Journal, JournalEntry,
    bytecode::opcode::SSTORE,
    context::{BlockEnv, CfgEnv, FrameStack, JournalInner, JournalTr, LocalContext, TxEnv},
    context_interface::{
        Cfg,
        context::{ContextError, SStoreResult, StateLoad},
        result::{EVMError, ExecutionResult, HaltReason, ResultGas},
    },
    handler::{
        EthFrame, EthPrecompiles, EvmTr, FrameInitOrResult, FrameResult, ItemOrResult, MainnetHandler,
        PrecompileProvider,
        evm::{ContextDbError, FrameInitResult},
        instructions::InstructionProvider,
    },
    inspector::{Inspector, InspectorEvmTr, InspectorHandler},
    interpreter::{
        CallInputs, FrameInput, GasTracker, Host, Instruction, InstructionContext, InstructionResult,
        InterpreterResult,
        instructions::{GasTable, InstructionTable, host::sstore_with_gas_accounting, instruction_table},
        interpreter::EthInterpreter,
        interpreter_action::FrameInit,
    },
    precompile::{modexp, u64_to_address},
    primitives::{Address, AddressSet, U256, constants::CALL_STACK_LIMIT, hardfork::SpecId},
};

use crate::{
    Evm, Fork, State, StateError, World, precompile,
    session::{self, Session},
    spare::Frames,
    turns::Turn,
};

/// revm's context of an execution, as inspectors see it: the block, the transaction, the configuration and the journal.
pub type Context<'s> = revm::Context<BlockEnv, TxEnv, CfgEnv, State<'s>, Journal<State<'s>>, Extension<'s>>;

/// What the context carries for this crate.
#[derive(Debug)]
pub struct Extension<'s> {
    /// One inside of the other.
    pub(crate) sessions: Vec<Session<'s>>,
    /// How many machines run inside of each other.
    pub(crate) nesting: usize,
    /// What the transaction is refunded for its authorizations.
    pub(crate) refund: i64,
}

/// From so many bytes on, the memory of frames grows to eight times its size.
const LARGE_MEMORY: usize = 16 << 20;

/// The contract of modular exponentiation.
const MODEXP: Address = u64_to_address(5);

/// Why revm gave up: a transaction that is not valid, or a store that failed.
pub(crate) type Failure = EVMError<StateError>;

/// The order in which revm executes a transaction.
pub(crate) struct Handler<'s, I>(MainnetHandler<Machine<'s, I>, Failure, EthFrame<EthInterpreter>>);

impl<I> Default for Handler<'_, I> {
    fn default() -> Self {
        Self(MainnetHandler::default())
    }
}

impl<'s, I> revm::handler::Handler for Handler<'s, I> {
    type Evm = Machine<'s, I>;
    type Error = Failure;
    type HaltReason = HaltReason;

    /// Notes what traces show as refunded from the beginning.
    fn apply_eip7702_auth_list(
        &self,
        machine: &mut Machine<'s, I>,
        gas: &mut GasTracker,
    ) -> Result<Option<u64>, Failure> {
        let refund = self.0.apply_eip7702_auth_list(machine, gas)?;
        machine.context().chain.refund = refund.unwrap_or(0) as i64;
        Ok(refund)
    }

    /// Settles what lies beside the journal, while there still is one.
    fn execution_result(
        &mut self,
        machine: &mut Machine<'s, I>,
        result: FrameResult,
        gas: ResultGas,
    ) -> Result<ExecutionResult, Failure> {
        machine.settle();
        self.0.execution_result(machine, result, gas)
    }
}

impl<'s, I: Inspector<Context<'s>, EthInterpreter>> InspectorHandler for Handler<'s, I> {
    type IT = EthInterpreter;
}

/// The instructions of a fork, in tables that all executions share.
pub(crate) struct Instructions<'s> {
    functions: &'s InstructionTable<EthInterpreter, Context<'s>>,
    gas: &'static GasTable,
}

impl<'s> Instructions<'s> {
    const ALL: InstructionTable<EthInterpreter, Context<'s>> = instruction_table();
    const EIP_1283: InstructionTable<EthInterpreter, Context<'s>> = {
        let mut functions = Self::ALL;
        functions[SSTORE as usize] = Instruction::new(sstore_eip1283);
        functions
    };

    fn new(fork: Fork) -> Self {
        Self { functions: if fork.has_eip1283() { &Self::EIP_1283 } else { &Self::ALL }, gas: fork.gas() }
    }
}

impl<'s> InstructionProvider for Instructions<'s> {
    type Context = Context<'s>;
    type InterpreterTypes = EthInterpreter;

    fn instruction_table(&self) -> &InstructionTable<EthInterpreter, Context<'s>> {
        self.functions
    }

    fn gas_table(&self) -> &GasTable {
        self.gas
    }
}

pub(crate) struct Machine<'s, I> {
    pub(crate) of_revm: revm::context::Evm<Context<'s>, I, Instructions<'s>, Precompiles<'s>, EthFrame<EthInterpreter>>,
    /// How many frames were inside of each other.
    pub(crate) deepest: usize,
    pub(crate) turn: Option<Turn>,
}

impl<'s, I> Machine<'s, I> {
    pub(crate) fn new(evm: &Evm, world: &World<'s>, context: Context<'s>, inspector: I, frame_stack: Frames) -> Self {
        let of_fork = EthPrecompiles::new(evm.fork().rules());
        let precompiles = Precompiles { of_fork, evm: evm.clone(), world: world.clone(), all: None }.with_addresses();
        let instruction = Instructions::new(evm.fork());
        let of_revm = revm::context::Evm { ctx: context, inspector, instruction, precompiles, frame_stack };
        Self { of_revm, deepest: 0, turn: None }
    }

    pub(crate) fn context(&mut self) -> &mut Context<'s> {
        &mut self.of_revm.ctx
    }

    pub(crate) fn into_context(self) -> Context<'s> {
        self.of_revm.ctx
    }

    /// Forgets what was written beside the journal in frames that have been reverted.
    pub(crate) fn settle(&mut self) {
        session::settle(&mut self.of_revm.ctx);
    }

    /// Fails if it may not be for want of gas that a frame has asked for more memory than there may be: revm does not say
    /// which. The least gas that so much memory costs is that of as many frames as there can be, each with its share.
    fn check_memory(&self) -> Result<(), ContextDbError<Context<'s>>> {
        let Context { tx, cfg, .. } = &self.of_revm.ctx;
        let frames = CALL_STACK_LIMIT + 1;
        let share = cfg.gas_params().memory_cost((cfg.memory_limit / frames / 32) as usize);
        match tx.gas_limit < frames.saturating_mul(share) {
            true => Ok(()),
            false => Err(ContextError::Custom(too_much_memory(cfg.memory_limit))),
        }
    }

    /// The address that a contract would be created at, if there is storage under it.
    fn occupied(&mut self, init: &FrameInit) -> Result<Option<Address>, ContextDbError<Context<'s>>> {
        let FrameInput::Create(inputs) = &init.frame_input else { return Ok(None) };
        let journal = &mut self.of_revm.ctx.journaled_state;
        let caller = &journal.load_account(inputs.caller())?.data.info;
        let goes_ahead = init.depth <= CALL_STACK_LIMIT as usize && caller.balance >= inputs.value();
        let created = inputs.created_address(caller.nonce);
        let is_occupied = goes_ahead && journal.database.is_occupied(created).map_err(StateError)?;
        Ok(is_occupied.then_some(created))
    }

    /// Fails to create a contract where there is storage: revm takes an account with a nonce for one that is in use.
    ///
    /// Source: EIP-7610.
    fn collide(&mut self, created: Address, init: FrameInit) -> Result<FrameResult, ContextDbError<Context<'s>>> {
        let nonce = |machine: &mut Self, nonce| {
            if let Some(account) = machine.of_revm.ctx.journaled_state.state.get_mut(&created) {
                account.info.nonce = nonce;
            }
        };
        self.of_revm.ctx.journaled_state.load_account(created)?;
        nonce(self, 1);
        let result = match self.of_revm.frame_init(init)? {
            ItemOrResult::Result(result) => result,
            ItemOrResult::Item(_) => unreachable!("a contract was created at an address in use"),
        };
        nonce(self, 0);
        Ok(result)
    }
}

fn too_much_memory(limit: u64) -> String {
    format!("the code asks for more than {limit} bytes of memory")
}

/// Fails if a modular exponentiation has gas for numbers that take more memory than there may be: revm makes room for all
/// of them at once. Osaka's are small.
///
/// Source: EIP-198, EIP-2565, EIP-7823.
fn check_exponentiation(context: &Context<'_>, inputs: &CallInputs) -> Result<(), String> {
    let price = match context.cfg.spec {
        rules if rules >= SpecId::OSAKA => return Ok(()),
        rules if rules >= SpecId::BERLIN => modexp::berlin_gas_calc,
        _ => modexp::byzantium_gas_calc,
    };
    let (input, limit) = (inputs.input.as_bytes(context), context.cfg.memory_limit);
    let length = |place: usize| {
        let mut word = [0; 32];
        let given = input.get(place..).unwrap_or_default();
        let count = given.len().min(word.len());
        word[..count].copy_from_slice(&given[..count]);
        u64::try_from(U256::from_be_bytes(word)).unwrap_or(u64::MAX)
    };
    let [base, exponent, modulus] = [0, 32, 64].map(length);
    let is_large = base.saturating_add(exponent).saturating_add(modulus) > limit;
    // The digits of the exponent can only raise the price. Without base and modulus nothing is computed.
    let is_paid = price(base, exponent, modulus, &U256::ZERO) <= inputs.gas_limit && base.max(modulus) > 0;
    if is_large && is_paid { Err(too_much_memory(limit)) } else { Ok(()) }
}

/// Makes room for the memory of further frames, if that of those so far is large. It lies in one vector, which would
/// double again and again: the copies take more memory than the frames, and most of the time.
fn make_room(memory: &mut Vec<u8>, limit: u64) {
    let size = memory.len();
    if size > LARGE_MEMORY && memory.capacity() - size < size / 8 {
        let room = (7 * size).min((limit as usize).saturating_sub(size));
        // What cannot be reserved may not be needed.
        let _ = memory.try_reserve_exact(room);
    }
}

/// A context for an execution.
pub(crate) fn context<'s>(
    evm: &Evm,
    world: &World<'s>,
    block: &BlockEnv,
    transaction: TxEnv,
    journal: JournalInner<JournalEntry>,
    local: LocalContext,
) -> Context<'s> {
    let mut state = evm.state(&world.layer);
    state.block_hashes = world.block_hashes.clone();
    let mut journaled_state = Journal::new_with_inner(state, journal);
    journaled_state.set_spec_id(evm.config().spec);
    Context {
        block: block.clone(),
        tx: transaction,
        cfg: evm.config().clone(),
        journaled_state,
        chain: Extension { sessions: vec![Session::new(&world.layer)], nesting: 0, refund: 0 },
        local,
        error: Ok(()),
    }
}

/// A context that stands where another one was taken from.
pub(crate) fn empty_context<'s>(state: State<'s>, config: &CfgEnv) -> Context<'s> {
    Context {
        block: BlockEnv::default(),
        tx: TxEnv::default(),
        cfg: config.clone(),
        journaled_state: Journal::new(state),
        chain: Extension { sessions: Vec::new(), nesting: 0, refund: 0 },
        local: Default::default(),
        error: Ok(()),
    }
}

/// SSTORE by net metering, without Istanbul's check of the gas that is left. The prices are in the gas table.
///
/// Source: EIP-1283.
fn sstore_eip1283(context: InstructionContext<'_, Context<'_>, EthInterpreter>) -> Result<(), InstructionResult> {
    sstore_with_gas_accounting(
        context,
        |context: &mut InstructionContext<'_, Context<'_>, EthInterpreter>, _, load: &StateLoad<SStoreResult>| {
            let prices = context.host.gas_params();
            let (gas, refund) =
                (prices.sstore_dynamic_gas(true, &load.data, load.is_cold), prices.sstore_refund(true, &load.data));
            if !context.interpreter.gas.record_regular_cost(gas) {
                return Err(InstructionResult::OutOfGas);
            }
            context.interpreter.gas.record_refund(refund);
            Ok(())
        },
    )
}

impl<'s, I> EvmTr for Machine<'s, I> {
    type Context = Context<'s>;
    type Instructions = Instructions<'s>;
    type Precompiles = Precompiles<'s>;
    type Frame = EthFrame<EthInterpreter>;

    fn all(&self) -> (&Context<'s>, &Instructions<'s>, &Precompiles<'s>, &FrameStack<Self::Frame>) {
        self.of_revm.all()
    }

    fn all_mut(
        &mut self,
    ) -> (&mut Context<'s>, &mut Instructions<'s>, &mut Precompiles<'s>, &mut FrameStack<Self::Frame>) {
        self.of_revm.all_mut()
    }

    fn frame_init(
        &mut self,
        init: FrameInit,
    ) -> Result<FrameInitResult<'_, Self::Frame>, ContextDbError<Self::Context>> {
        self.deepest = self.deepest.max(init.depth);
        let mut memory = self.of_revm.ctx.local.shared_memory_buffer.borrow_mut();
        if self.turn.is_none()
            && let Some(turns) = &self.of_revm.precompiles.world.turns
        {
            self.turn = turns.take(memory.len());
        }
        make_room(&mut memory, self.of_revm.ctx.cfg.memory_limit);
        drop(memory);
        match self.occupied(&init)? {
            Some(created) => self.collide(created, init).map(ItemOrResult::Result),
            None => self.of_revm.frame_init(init),
        }
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<Self::Frame>, ContextDbError<Self::Context>> {
        self.of_revm.frame_run()
    }

    fn frame_return_result(
        &mut self,
        mut result: FrameResult,
    ) -> Result<Option<FrameResult>, ContextDbError<Self::Context>> {
        let outcome = &mut result.interpreter_result_mut().result;
        if *outcome == InstructionResult::MemoryLimitOOG {
            self.check_memory()?;
            *outcome = InstructionResult::MemoryOOG;
        }
        self.of_revm.frame_return_result(result)
    }
}

impl<'s, I: Inspector<Context<'s>, EthInterpreter>> InspectorEvmTr for Machine<'s, I> {
    type Inspector = I;

    fn all_inspector(&self) -> (&Context<'s>, &Instructions<'s>, &Precompiles<'s>, &FrameStack<Self::Frame>, &I) {
        self.of_revm.all_inspector()
    }

    fn all_mut_inspector(
        &mut self,
    ) -> (&mut Context<'s>, &mut Instructions<'s>, &mut Precompiles<'s>, &mut FrameStack<Self::Frame>, &mut I) {
        self.of_revm.all_mut_inspector()
    }
}

/// The precompiled contracts of the fork, and the embedder's.
pub(crate) struct Precompiles<'s> {
    of_fork: EthPrecompiles,
    evm: Evm,
    world: World<'s>,
    /// The addresses of both, if there are any of the embedder's.
    all: Option<AddressSet>,
}

impl Precompiles<'_> {
    fn with_addresses(mut self) -> Self {
        let custom = &self.world.precompiles.addresses;
        self.all = (!custom.is_empty()).then(|| custom.union(self.of_fork.warm_addresses()).copied().collect());
        self
    }
}

impl<'s> PrecompileProvider<Context<'s>> for Precompiles<'s> {
    type Output = InterpreterResult;

    /// A machine has the rules of one fork.
    fn set_spec(&mut self, _: SpecId) -> bool {
        false
    }

    fn run(&mut self, context: &mut Context<'s>, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        match self.world.precompiles.functions.get(&inputs.bytecode_address) {
            Some(function) => precompile::run(&self.evm, &self.world, context, inputs, &**function).map(Some),
            None => {
                if inputs.bytecode_address == MODEXP && self.of_fork.warm_addresses().contains(&MODEXP) {
                    check_exponentiation(context, inputs)?;
                }
                self.of_fork.run(context, inputs)
            }
        }
    }

    fn warm_addresses(&self) -> &AddressSet {
        self.all.as_ref().unwrap_or_else(|| self.of_fork.warm_addresses())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_memory_has_room_for_further_frames() {
        let full = |size| vec![0_u8; size];
        for (size, limit, least) in [(1 << 20, u64::MAX, 0), (LARGE_MEMORY + 1, u64::MAX, 7 * LARGE_MEMORY)] {
            let mut memory = full(size);
            make_room(&mut memory, limit);
            let room = memory.capacity() - memory.len();
            assert!((least..=8 * LARGE_MEMORY).contains(&room), "{size}: {room}");
            make_room(&mut memory, limit);
            assert_eq!(memory.capacity() - memory.len(), room, "once");
        }
        let mut memory = full(LARGE_MEMORY + 1);
        make_room(&mut memory, LARGE_MEMORY as u64 + 100);
        assert!(memory.capacity() < LARGE_MEMORY + 4096, "not beyond the limit");
    }
}
