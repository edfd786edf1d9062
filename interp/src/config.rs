//! What a machine is made with, and what one execution of it may use.

use alloc::sync::Arc;

use neovm_types::{Gas, Hardfork, Limits, PriceTable};

/// What a price unit costs on the networks at genesis: 30 datoshi.
pub const DEFAULT_FEE_FACTOR: Gas = Gas::from_datoshi(30);

/// How a machine gets from one instruction to the next. Results are the same with all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Dispatch {
    /// The fastest dispatch that the platform has.
    #[default]
    Auto,
    /// The portable loop.
    Loop,
    /// The portable loop, without fused instructions.
    Unfused,
}

impl Dispatch {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Loop, Self::Unfused];
}

/// What a [`Vm`](crate::Vm) is made with. The default is what MainNet runs.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct VmConfig {
    /// The hardfork whose rules are followed.
    pub hardfork: Hardfork,
    /// The price of each opcode, in units. A machine runs only code that was
    /// decoded with the same prices.
    pub prices: Arc<PriceTable>,
    /// The restrictions on scripts. A stack size over
    /// [`MAX_STACK_LIMIT`](crate::MAX_STACK_LIMIT) is taken as that, and an item
    /// size over `i32::MAX`, the longest that a byte string can be, likewise.
    pub limits: Limits,
    /// How the interpreter gets from one instruction to the next.
    pub dispatch: Dispatch,
}

impl VmConfig {
    /// Sets the hardfork whose rules are followed.
    #[must_use]
    pub fn with_hardfork(self, hardfork: Hardfork) -> Self {
        Self { hardfork, ..self }
    }

    /// Sets the prices of opcodes.
    #[must_use]
    pub fn with_prices(self, prices: Arc<PriceTable>) -> Self {
        Self { prices, ..self }
    }

    /// Sets the restrictions on scripts.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets how the interpreter gets from one instruction to the next.
    #[must_use]
    pub fn with_dispatch(self, dispatch: Dispatch) -> Self {
        Self { dispatch, ..self }
    }
}

/// What one execution may use: from [`Vm::new`](crate::Vm::new) or
/// [`Vm::reset`](crate::Vm::reset) to the next reset.
///
/// ```
/// use neovm_interp::RunOptions;
/// use neovm_types::Gas;
///
/// // 0.5 GAS and at most a million instructions
/// let options = RunOptions::new(Gas::from_datoshi(50_000_000)).with_budget(1_000_000);
/// assert_eq!(options.gas_limit.to_string(), "0.5");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOptions {
    /// The gas that may be used.
    pub gas_limit: Gas,
    /// What a price unit costs, at most [`u64::MAX`] picoGAS; more is taken as
    /// that. If it is zero, instructions cost nothing, and only a budget ends a
    /// script that runs forever.
    pub fee_factor: Gas,
    /// The number of instructions after which [`Vm::run`](crate::Vm::run)
    /// stops, or `None` for no such limit. A run that stopped can go on, see
    /// [`Vm::set_budget`](crate::Vm::set_budget).
    pub budget: Option<u64>,
}

impl RunOptions {
    /// Returns options with a gas limit, the default fee factor and no budget.
    pub const fn new(gas_limit: Gas) -> Self {
        Self { gas_limit, fee_factor: DEFAULT_FEE_FACTOR, budget: None }
    }

    /// Sets what a price unit costs.
    #[must_use]
    pub const fn with_fee_factor(self, fee_factor: Gas) -> Self {
        Self { fee_factor, ..self }
    }

    /// Sets the number of instructions after which the run stops.
    #[must_use]
    pub const fn with_budget(self, instructions: u64) -> Self {
        Self { budget: Some(instructions), ..self }
    }
}

impl Default for RunOptions {
    /// The greatest gas limit that a node can set, [`i64::MAX`] datoshi, and no budget.
    fn default() -> Self {
        Self::new(Gas::from_datoshi(i64::MAX))
    }
}
