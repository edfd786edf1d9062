//! The native contract GasToken. The GAS token, which pays fees.
//!
//! Source: `GasToken.cs` of the reference node.

use neovm_chain::{
    Attribute, AttributeType,
    contract::{account, bft_address},
};
use neovm_interp::Caller;
use neovm_types::{CallFlags, FaultKind, Hardfork, Hash160, Integer, StackItem};
use smallvec::{SmallVec, smallvec};

use super::{
    fungible::{self, Account, Token},
    neo_token, policy,
    table::NativeContract,
    task::Task,
};
use crate::{executor::Executor, fault};

/// The native contract GasToken.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "The GAS token, which pays fees.",
    methods: methods! {
        (executor, caller)

        /// Returns the balance of an account, in datoshi.
        balanceOf(account: Hash160) -> Integer { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => fungible::balance_of::<Gas>(executor.layer(), account);
        /// Returns the number of decimal places of the token.
        decimals() -> u8 {} => Ok(8);
        /// Returns the symbol of the token.
        symbol() -> &'static str {} => Ok("GAS");
        /// Returns the GAS that there is, in datoshi.
        totalSupply() -> Integer { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES }
            => fungible::total_supply::<Gas>(executor.layer());
        /// Transfers GAS, and returns whether the sender has signed and has it.
        transfer(from: Hash160, to: Hash160, amount: Integer, data: StackItem) -> Task<bool>
            { cpu_fee: 1 << 17, storage_fee: 50, flags: CallFlags::ALL }
            => fungible::transfer::<Gas>(executor, caller, from, to, amount, data);
    },
    events: &[fungible::TRANSFER],
    initialize: |executor, caller, hardfork| match hardfork {
        Hardfork::Genesis => initialize(executor, caller),
        _ => Ok(()),
    },
    on_persist,
    compose: |manifest, _| manifest.supported_standards = vec![fungible::NEP_17.into()],
    ..NativeContract::new("GasToken", ID, Hash160(HASH))
};

/// The id.
pub(crate) const ID: i32 = -6;
/// The hash.
const HASH: [u8; 20] = [
    0xcf, 0x76, 0xe2, 0x8b, 0xd0, 0x06, 0x2c, 0x4a, 0x47, 0x8e, 0xe3, 0x55, 0x61, 0x01, 0x13, 0x19, 0xf3, 0xcf, 0xa4,
    0xd2,
];

/// The token.
pub(crate) enum Gas {}

impl Token for Gas {
    const ID: i32 = ID;
    const HASH: Hash160 = Hash160(HASH);
    type Account = GasAccount;
}

/// What is stored for an account: its balance in datoshi.
///
/// Source: `AccountState.cs`.
#[derive(Debug)]
pub(crate) struct GasAccount(Integer);

impl Default for GasAccount {
    fn default() -> Self {
        Self(Integer::Small(0))
    }
}

impl Account for GasAccount {
    fn balance(&self) -> Integer {
        self.0
    }

    fn set_balance(&mut self, balance: Integer) {
        self.0 = balance;
    }

    fn from_fields(fields: &[StackItem]) -> Result<Self, FaultKind> {
        let balance = fields.first().ok_or_else(|| fault("a stored account has no balance"))?;
        balance.to_integer().map(Self)
    }

    fn fields(&self) -> SmallVec<[StackItem; 4]> {
        smallvec![self.0.into()]
    }
}

fn initialize(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    let settings = executor.settings();
    let validators = bft_address(settings.standby_validators()).map_err(fault)?;
    mint(executor, caller, validators, settings.initial_gas_distribution.into(), false).map(drop)
}

/// Burns the fees of the block's transactions. The network fees go to the
/// validator that proposed the block, but for what notaries get.
fn on_persist(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    let block = executor.require_block()?;
    let mut reward = Integer::Small(0);
    for transaction in block.transactions() {
        let network_fee = Integer::from(transaction.network_fee);
        burn(executor, caller, transaction.sender(), network_fee.add(transaction.system_fee.into())?)?;
        reward = reward.add(network_fee)?;
        for attribute in &transaction.attributes {
            let Attribute::NotaryAssisted { keys } = attribute else { continue };
            let fee = policy::attribute_fee(executor.layer(), AttributeType::NotaryAssisted)?;
            reward = reward.sub(Integer::from((i64::from(*keys) + 1) * i64::from(fee)))?;
        }
    }
    let validators = neo_token::next_block_validators(executor.layer(), executor.settings())?;
    let primary = validators.get(usize::from(block.primary_index));
    let primary = primary.ok_or_else(|| fault("the block's primary is no validator"))?;
    mint(executor, caller, account(primary), reward, false).map(drop)
}

/// Creates GAS for an account, in datoshi. Unless its contract is to be called, the task is done.
pub(crate) fn mint(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    account: Hash160,
    amount: Integer,
    call_on_payment: bool,
) -> Result<Task<()>, FaultKind> {
    fungible::mint::<Gas>(executor, caller, account, amount, call_on_payment)
}

/// Destroys GAS of an account, in datoshi.
pub(crate) fn burn(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    account: Hash160,
    amount: Integer,
) -> Result<(), FaultKind> {
    fungible::burn::<Gas>(executor, caller, account, amount)
}
