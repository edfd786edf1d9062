//! Forks by name.

use std::{fmt, str::FromStr};

use revm::{
    bytecode::opcode::SSTORE,
    context::CfgEnv,
    context_interface::{
        block::BlobExcessGasAndPrice,
        cfg::{GasId, GasParams},
    },
    interpreter::instructions::{GasTable, gas_table_spec},
    precompile::{PrecompileSpecId, Precompiles},
    primitives::{Address, eip4844, hardfork::SpecId},
};

/// A fork of Ethereum: which rules hold.
///
/// [`Fork::from_str`] knows the names of the execution specifications, of geth and of the state tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say all")]
pub enum Fork {
    Frontier,
    Homestead,
    TangerineWhistle,
    SpuriousDragon,
    Byzantium,
    /// With EIP-1283. It never came to the main network.
    Constantinople,
    /// Constantinople without EIP-1283.
    Petersburg,
    Istanbul,
    Berlin,
    London,
    Paris,
    Shanghai,
    Cancun,
    Prague,
    Osaka,
}

/// One row of [`FORKS`].
struct Row {
    fork: Fork,
    /// As the state tests call it.
    name: &'static str,
    /// Other names. Forks that only put off the ice age change nothing that a transaction sees.
    aliases: &'static [&'static str],
    rules: SpecId,
    /// What each instruction costs at least.
    gas: GasTable,
    /// How many blobs a transaction may have, where there are blobs.
    ///
    /// Source: EIP-4844, EIP-7691, EIP-7594.
    max_blobs: Option<u64>,
}

const fn row(fork: Fork, name: &'static str, aliases: &'static [&'static str], rules: SpecId) -> Row {
    Row { fork, name, aliases, rules, gas: gas_table_spec(rules), max_blobs: None }
}

/// All forks, the first one first.
static FORKS: [Row; 15] = [
    row(Fork::Frontier, "Frontier", &[], SpecId::FRONTIER),
    row(Fork::Homestead, "Homestead", &["DAOFork"], SpecId::HOMESTEAD),
    row(Fork::TangerineWhistle, "EIP150", &["TangerineWhistle", "Tangerine"], SpecId::TANGERINE),
    row(Fork::SpuriousDragon, "EIP158", &["SpuriousDragon", "Spurious"], SpecId::SPURIOUS_DRAGON),
    row(Fork::Byzantium, "Byzantium", &[], SpecId::BYZANTIUM),
    Row { gas: EIP_1283_GAS, ..row(Fork::Constantinople, "Constantinople", &[], SpecId::PETERSBURG) },
    row(Fork::Petersburg, "ConstantinopleFix", &["Petersburg"], SpecId::PETERSBURG),
    row(Fork::Istanbul, "Istanbul", &["MuirGlacier"], SpecId::ISTANBUL),
    row(Fork::Berlin, "Berlin", &[], SpecId::BERLIN),
    row(Fork::London, "London", &["ArrowGlacier", "GrayGlacier"], SpecId::LONDON),
    row(Fork::Paris, "Paris", &["Merge"], SpecId::MERGE),
    row(Fork::Shanghai, "Shanghai", &[], SpecId::SHANGHAI),
    Row { max_blobs: Some(6), ..row(Fork::Cancun, "Cancun", &[], SpecId::CANCUN) },
    Row { max_blobs: Some(9), ..row(Fork::Prague, "Prague", &[], SpecId::PRAGUE) },
    Row { max_blobs: Some(6), ..row(Fork::Osaka, "Osaka", &[], SpecId::OSAKA) },
];

/// What instructions cost at least by EIP-1283: SSTORE charges all that it costs itself.
const EIP_1283_GAS: GasTable = {
    let mut gas = gas_table_spec(SpecId::PETERSBURG);
    gas[SSTORE as usize] = 0;
    gas
};

/// The greatest excess of blob gas that is taken. Not far above it, the price is a number that revm cannot compute.
pub(crate) const MAX_BLOB_GAS: u64 = 50 * eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN;

/// No fork has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fork is called {0:?}; there are {all}", all = FORKS.each_ref().map(|row| row.name).join(", "))]
pub struct UnknownFork(pub String);

impl Fork {
    /// The last fork.
    pub const LATEST: Self = Self::Osaka;

    /// All forks, the first one first.
    pub fn all() -> impl Iterator<Item = Self> {
        FORKS.iter().map(|row| row.fork)
    }

    fn row(self) -> &'static Row {
        &FORKS[self as usize]
    }

    /// Returns the name that the state tests use.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns the rules as revm names them. Constantinople's are Petersburg's, and what makes the difference is
    /// in its gas table.
    pub fn rules(self) -> SpecId {
        self.row().rules
    }

    /// Returns what each instruction costs at least.
    pub(crate) fn gas(self) -> &'static GasTable {
        &self.row().gas
    }

    /// Returns whether a precompiled contract of the fork is at an address.
    pub fn is_precompile(self, address: Address) -> bool {
        Precompiles::new(PrecompileSpecId::from_spec_id(self.rules())).contains(&address)
    }

    /// Returns how many blobs a block may have.
    ///
    /// Source: EIP-4844, EIP-7691.
    pub(crate) fn max_blobs_of_block(self) -> u64 {
        match self {
            Self::Prague | Self::Osaka => eip4844::MAX_BLOB_NUMBER_PER_BLOCK_PRAGUE,
            Self::Cancun => eip4844::MAX_BLOB_NUMBER_PER_BLOCK_CANCUN,
            _ => 0,
        }
    }

    /// Returns how many blobs a block should have.
    ///
    /// Source: EIP-4844, EIP-7691.
    pub(crate) fn target_blobs(self) -> u64 {
        match self {
            Self::Prague | Self::Osaka => eip4844::TARGET_BLOB_NUMBER_PER_BLOCK_PRAGUE,
            _ => eip4844::TARGET_BLOB_NUMBER_PER_BLOCK_CANCUN,
        }
    }

    /// Returns how fast the price of blobs changes.
    ///
    /// Source: EIP-4844, EIP-7691.
    pub(crate) fn blob_fraction(self) -> u64 {
        if self >= Self::Prague {
            eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE
        } else {
            eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN
        }
    }

    /// Returns an excess of blob gas with the price that it makes, for
    /// [`BlockEnv::blob_excess_gas_and_price`](crate::BlockEnv::blob_excess_gas_and_price); none if that price is not a
    /// number that revm can compute. Transactions of such a block are refused from Cancun on, whereas revm's own
    /// constructors panic, or return a wrong price without a word.
    ///
    /// Source: EIP-4844.
    pub fn blob_gas(self, excess: u64) -> Option<BlobExcessGasAndPrice> {
        (excess <= MAX_BLOB_GAS).then(|| BlobExcessGasAndPrice::new(excess, self.blob_fraction()))
    }

    /// Returns whether SSTORE charges by EIP-1283, which was withdrawn before it came to the main network.
    pub(crate) fn has_eip1283(self) -> bool {
        self == Self::Constantinople
    }

    /// The configuration of revm for this fork.
    pub(crate) fn config(self, chain_id: u64) -> CfgEnv {
        let rules = self.rules();
        let mut config = CfgEnv::new().with_chain_id(chain_id).with_spec_and_mainnet_gas_params(rules);
        config.max_blobs_per_tx = self.row().max_blobs;
        if self.has_eip1283() {
            config.set_gas_params(eip1283_gas());
        }
        config
    }
}

/// The prices of SSTORE by EIP-1283: reading costs 200, setting 20,000 and changing 5,000.
fn eip1283_gas() -> GasParams {
    let mut gas = GasParams::new_spec(SpecId::PETERSBURG);
    gas.override_gas([
        (GasId::sstore_static(), 200),
        (GasId::sstore_set_without_load_cost(), 20_000 - 200),
        (GasId::sstore_reset_without_cold_load_cost(), 5_000 - 200),
        (GasId::sstore_clearing_slot_refund(), 15_000),
        (GasId::sstore_set_refund(), 20_000 - 200),
        (GasId::sstore_reset_refund(), 5_000 - 200),
    ]);
    gas
}

impl FromStr for Fork {
    type Err = UnknownFork;

    /// Finds a fork by one of its names, whatever the case of the letters.
    fn from_str(name: &str) -> Result<Self, UnknownFork> {
        let is_name = |known: &&str| known.eq_ignore_ascii_case(name);
        let found = FORKS.iter().find(|row| is_name(&row.name) || row.aliases.iter().any(is_name));
        found.map(|row| row.fork).ok_or_else(|| UnknownFork(name.to_owned()))
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_the_forks() {
        for (place, fork) in Fork::all().enumerate() {
            assert_eq!(fork as usize, place);
            assert_eq!(fork.name().parse(), Ok(fork));
        }
        assert_eq!("merge".parse(), Ok(Fork::Paris));
        assert_eq!("Petersburg".parse(), Ok(Fork::Petersburg));
        let error = "Amsterdam".parse::<Fork>().unwrap_err().to_string();
        assert!(error.starts_with("no fork is called \"Amsterdam\"; there are Frontier, "), "{error}");
    }
}
