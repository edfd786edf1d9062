//! The settings of a network.

#[cfg(feature = "serde")]
mod line;
mod networks;

use neovm_types::{Hardfork, manifest::PublicKey};

/// The settings of a network, as a node's configuration file has them.
///
/// With the feature `serde` they are read from the name of a network, or from an object
/// with their names in camel case. Its member `hardforks` holds heights by names of hardforks, which may start
/// with `HF_`; [`HardforkHeights::new`] tells what holds for those that are left out.
///
/// Source: `ProtocolSettings.cs` of the reference node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "line::Form", try_from = "line::Form")
)]
pub struct ProtocolSettings {
    /// The magic number of the network, which signatures cover.
    pub network: u32,
    /// The first byte of addresses.
    pub address_version: u8,
    /// The committee as long as nobody votes.
    pub standby_committee: Vec<PublicKey>,
    /// The number of validators, the first members of the committee.
    pub validators_count: u32,
    /// The milliseconds between two blocks, unless policy says otherwise.
    pub milliseconds_per_block: u32,
    /// The number of transactions that a block holds at most.
    pub max_transactions_per_block: u32,
    /// The number of transactions that a node keeps until a block takes them.
    pub memory_pool_max_transactions: u32,
    /// The number of blocks that a transaction may be valid for, unless policy
    /// says otherwise.
    pub max_valid_until_block_increment: u32,
    /// The number of blocks that contracts can read, unless policy says
    /// otherwise.
    pub max_traceable_blocks: u32,
    /// The GAS that there is in the first block, in datoshi.
    pub initial_gas_distribution: u64,
    /// The heights of the hardforks.
    pub hardforks: HardforkHeights,
    /// The values that policy has when Echidna is activated, if they are not those above.
    pub policy_at_echidna: Option<PolicyAtEchidna>,
}

/// What the committee can change from Echidna on. A configuration of neo-go can
/// name values for it that differ from those of the blocks before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "camelCase"))]
pub struct PolicyAtEchidna {
    /// See [`ProtocolSettings::milliseconds_per_block`].
    pub milliseconds_per_block: u32,
    /// See [`ProtocolSettings::max_valid_until_block_increment`].
    pub max_valid_until_block_increment: u32,
    /// See [`ProtocolSettings::max_traceable_blocks`].
    pub max_traceable_blocks: u32,
}

/// The height from which each hardfork is active.
///
/// Hardforks are activated in order: none is active before the ones that came
/// before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HardforkHeights([Option<u32>; Hardfork::ALL.len() - 1]);

/// Why heights of hardforks are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HardforkHeightsError {
    /// A hardfork is active before an older one.
    #[error("hardfork {0} has a lower height than the one before it")]
    Order(Hardfork),
    /// A hardfork is left out between two that have heights.
    #[error("hardfork {0} has no height, but a later one has")]
    Gap(Hardfork),
}

impl HardforkHeights {
    /// No hardfork is ever active.
    pub const NONE: Self = Self([None; Hardfork::ALL.len() - 1]);

    /// Creates heights from those that a configuration names, in any order.
    /// Hardforks that are left out are active from the first block if a later
    /// one is named, and never otherwise.
    ///
    /// # Errors
    /// [`HardforkHeightsError`] if the heights are not in the order of the
    /// hardforks.
    pub fn new(named: &[(Hardfork, u32)]) -> Result<Self, HardforkHeightsError> {
        let mut heights = Self::NONE;
        for &(hardfork, height) in named {
            if let Some(place) = heights.0.get_mut((hardfork as usize).wrapping_sub(1)) {
                *place = Some(height);
            }
        }
        let first = heights.0.iter().position(Option::is_some).unwrap_or(0);
        heights.0[..first].fill(Some(0));
        let mut before = Some(0);
        for (height, hardfork) in heights.0.iter().zip(&Hardfork::ALL[1..]) {
            match (before, height) {
                (None, Some(_)) => {
                    return Err(HardforkHeightsError::Gap(Hardfork::ALL[*hardfork as usize - 1]));
                }
                (Some(before), Some(height)) if *height < before => return Err(HardforkHeightsError::Order(*hardfork)),
                _ => before = *height,
            }
        }
        Ok(heights)
    }

    /// All hardforks up to one are active from the first block, later ones never.
    pub fn all_until(last: Hardfork) -> Self {
        let mut heights = Self::NONE;
        heights.0[..last as usize].fill(Some(0));
        heights
    }

    /// Returns the height of a hardfork; `None` if it is never active.
    pub fn height(&self, hardfork: Hardfork) -> Option<u32> {
        match (hardfork as usize).checked_sub(1) {
            Some(index) => self.0[index],
            None => Some(0),
        }
    }

    /// Returns the last hardfork that is active at a height.
    pub fn at(&self, height: u32) -> Hardfork {
        self.last(|from| from <= height)
    }

    /// Returns the last hardfork that has a height.
    pub fn configured(&self) -> Hardfork {
        self.last(|_| true)
    }

    /// Returns the hardforks that become active at a height, in order.
    pub fn activated_at(&self, height: u32) -> impl Iterator<Item = Hardfork> {
        let starts = self.0.into_iter().zip(&Hardfork::ALL[1..]);
        starts.filter(move |(from, _)| *from == Some(height)).map(|(_, hardfork)| *hardfork)
    }

    fn last(&self, is_active: impl Fn(u32) -> bool) -> Hardfork {
        Hardfork::ALL[self.0.iter().take_while(|from| from.is_some_and(&is_active)).count()]
    }
}

impl ProtocolSettings {
    /// The number of transactions that a node keeps unless it is configured otherwise.
    pub const MEMORY_POOL_MAX_TRANSACTIONS: u32 = 50_000;

    /// The number of members of the committee.
    pub fn committee_size(&self) -> usize {
        self.standby_committee.len()
    }

    /// The values that policy has when Echidna is activated.
    pub fn policy_at_echidna(&self) -> PolicyAtEchidna {
        self.policy_at_echidna.unwrap_or(PolicyAtEchidna {
            milliseconds_per_block: self.milliseconds_per_block,
            max_valid_until_block_increment: self.max_valid_until_block_increment,
            max_traceable_blocks: self.max_traceable_blocks,
        })
    }

    /// The validators as long as nobody votes.
    pub fn standby_validators(&self) -> &[PublicKey] {
        let count = (self.validators_count as usize).min(self.standby_committee.len());
        &self.standby_committee[..count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_follow_the_order_of_hardforks() {
        use Hardfork::*;
        let heights = HardforkHeights::new(&[(Cockatrice, 7), (Domovoi, 7), (Echidna, 9)]).unwrap();
        assert_eq!([0, 6, 7, 8, 9].map(|height| heights.at(height)), [Basilisk, Basilisk, Domovoi, Domovoi, Echidna]);
        assert_eq!(heights.configured(), Echidna);
        assert_eq!(heights.activated_at(7).collect::<Vec<_>>(), [Cockatrice, Domovoi]);
        assert_eq!(heights.activated_at(0).collect::<Vec<_>>(), [Aspidochelone, Basilisk]);
        assert_eq!(
            HardforkHeights::new(&[(Basilisk, 5), (Cockatrice, 4)]),
            Err(HardforkHeightsError::Order(Cockatrice))
        );
        assert_eq!(HardforkHeights::new(&[(Basilisk, 5), (Domovoi, 6)]), Err(HardforkHeightsError::Gap(Cockatrice)));
        assert_eq!(HardforkHeights::new(&[]).unwrap(), HardforkHeights::NONE);
        assert_eq!(HardforkHeights::all_until(Gorgon).at(0), Gorgon);
        assert_eq!(HardforkHeights::NONE.at(u32::MAX), Genesis);
    }
}
