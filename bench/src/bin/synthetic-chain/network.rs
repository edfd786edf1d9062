//! The network that the chain belongs to.

use neovm::{ProtocolSettings, host::HardforkHeights, types::Hardfork};

use crate::{
    Error,
    accounts::{Account, Key},
};

/// The number of transactions that a block holds at most.
pub(crate) const MAX_TRANSACTIONS: u32 = 512;
/// The number of validators, who are the whole committee.
const VALIDATORS: u32 = 4;
/// The last hardfork that is active; all are from the first block. neo-go knows it since release 0.114.
const HARDFORK: Hardfork = Hardfork::Faun;

fn validators() -> Result<Vec<Key>, Error> {
    (0..VALIDATORS).map(|index| Key::new(&format!("validator {index}"))).collect()
}

/// Returns the account of the validators: it signs the blocks, and the first GAS is there.
pub(crate) fn consensus() -> Result<Account, Error> {
    Account::multisig((VALIDATORS - (VALIDATORS - 1) / 3) as usize, validators()?)
}

pub(crate) fn settings() -> Result<ProtocolSettings, Error> {
    Ok(ProtocolSettings {
        network: 0x6e76_6d31,
        standby_committee: validators()?.iter().map(|validator| validator.public).collect(),
        validators_count: VALIDATORS,
        milliseconds_per_block: 1000,
        max_transactions_per_block: MAX_TRANSACTIONS,
        hardforks: HardforkHeights::all_until(HARDFORK),
        ..ProtocolSettings::private()
    })
}

/// Returns the configuration file of neo-go.
pub(crate) fn protocol_yml(settings: &ProtocolSettings) -> String {
    let list = |lines: Vec<String>| lines.concat();
    let committee = settings.standby_committee.iter().map(|key| format!("  - {key}\n")).collect();
    let line = |hardfork: &Hardfork| Some(format!("    {hardfork}: {}\n", settings.hardforks.height(*hardfork)?));
    let heights = Hardfork::ALL[1..].iter().filter_map(line).collect();
    format!(
        "ProtocolConfiguration:
  Magic: {magic}
  MaxTraceableBlocks: {traceable}
  MaxValidUntilBlockIncrement: {increment}
  MaxTransactionsPerBlock: {transactions}
  InitialGASSupply: {supply}
  TimePerBlock: {time}ms
  Genesis:
    TimePerBlock: {time}ms
    MaxTraceableBlocks: {traceable}
    MaxValidUntilBlockIncrement: {increment}
  ValidatorsCount: {validators}
  SeedList: []
  VerifyTransactions: true
  StandbyCommittee:
{committee}  Hardforks:
{heights}
ApplicationConfiguration:
  SkipBlockVerification: false
  DBConfiguration:
    Type: leveldb
    LevelDBOptions:
      DataDirectoryPath: ./chain
  P2P:
    Addresses: []
  Relay: false
",
        magic = settings.network,
        traceable = settings.max_traceable_blocks,
        increment = settings.max_valid_until_block_increment,
        transactions = settings.max_transactions_per_block,
        supply = settings.initial_gas_distribution / 100_000_000,
        time = settings.milliseconds_per_block,
        validators = settings.validators_count,
        committee = list(committee),
        heights = list(heights),
    )
}
