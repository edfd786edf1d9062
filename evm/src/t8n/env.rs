//! What a block has, and what follows from its parent.

use revm::{
    context_interface::block::calc_blob_gasprice,
    primitives::{U256, eip4844},
};

use super::BLOB_GAS;
use crate::{Fork, fork::MAX_BLOB_GAS, json::Env};

/// What a blob costs at least, in gas.
///
/// Source: EIP-7918.
const BLOB_BASE_COST: u64 = 1 << 13;

impl Env {
    /// Checks that all is there that the fork asks for, and computes the base fee and the excess of blobs from the
    /// parent block where they are not given.
    pub(super) fn complete(&mut self, fork: Fork) -> Result<(), String> {
        if fork >= Fork::London && self.current_base_fee.is_none() {
            self.current_base_fee = Some(self.next_base_fee()?);
        }
        if fork >= Fork::Shanghai && self.withdrawals.is_none() {
            return Err(format!("{fork} asks for withdrawals, which the environment lacks"));
        }
        let difficulty = self.current_difficulty.unwrap_or_default();
        if fork < Fork::Paris && self.current_difficulty.is_none() {
            return Err("currentDifficulty is missing; it is not computed from the parent's here".into());
        }
        if fork >= Fork::Paris && self.current_random.is_none() {
            return Err(format!("{fork} asks for currentRandom, which the environment lacks"));
        }
        if fork >= Fork::Paris && !difficulty.is_zero() {
            return Err(format!("currentDifficulty is {difficulty}; from Paris on it is zero"));
        }
        if fork >= Fork::Cancun && self.parent_beacon_block_root.is_none() {
            return Err(format!("{fork} asks for parentBeaconBlockRoot, which the environment lacks"));
        }
        if let (Some(excess), Some(used), None) =
            (self.parent_excess_blob_gas, self.parent_blob_gas_used, self.current_excess_blob_gas)
            && fork >= Fork::Cancun
        {
            let next = self.next_excess(fork, excess, used);
            if next > MAX_BLOB_GAS {
                return Err(format!("the excess of blob gas would be {next}, which is more than {MAX_BLOB_GAS}"));
            }
            self.current_excess_blob_gas = Some(next);
        }
        Ok(())
    }

    /// Source: EIP-1559.
    fn next_base_fee(&self) -> Result<u64, String> {
        let missing = |name: &str| format!("neither currentBaseFee nor {name} is given");
        let fee = self.parent_base_fee.ok_or_else(|| missing("parentBaseFee"))?;
        let target = self.parent_gas_limit.unwrap_or(0) / 2;
        if target == 0 || self.current_number == 0 {
            return Err(missing("parentGasLimit"));
        }
        let used = self.parent_gas_used.unwrap_or(0);
        let change = u128::from(fee) * u128::from(used.abs_diff(target)) / u128::from(target) / 8;
        let change = u64::try_from(change).unwrap_or(u64::MAX);
        Ok(if used > target { fee.saturating_add(change.max(1)) } else { fee.saturating_sub(change) })
    }

    /// Source: EIP-4844, EIP-7918.
    fn next_excess(&self, fork: Fork, excess: u64, used: u64) -> u64 {
        let (target, max) = (BLOB_GAS * fork.target_blobs(), fork.max_blobs_of_block());
        let next = excess.saturating_add(used);
        if next < target {
            return 0;
        }
        let fee = self.parent_base_fee.unwrap_or(0);
        let price = U256::from(calc_blob_gasprice(excess, fork.blob_fraction())) * U256::from(eip4844::GAS_PER_BLOB);
        if fork >= Fork::Osaka && U256::from(BLOB_BASE_COST) * U256::from(fee) > price {
            return excess + used * (max - fork.target_blobs()) / max;
        }
        next - target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(parent: &str) -> Env {
        let block = r#""currentCoinbase": "0x0000000000000000000000000000000000000001", "currentGasLimit": "1",
            "currentNumber": "2", "currentTimestamp": "1", "currentRandom": "0", "withdrawals": [],
            "parentBeaconBlockRoot": "0x0000000000000000000000000000000000000000000000000000000000000000""#;
        serde_json::from_str(&format!("{{{block}, {parent}}}")).unwrap()
    }

    #[test]
    fn the_base_fee_follows_from_the_parent() {
        // An eighth more if all gas was used, an eighth less if none was, one wei more at least.
        for (fee, used, next) in
            [(1000, 500, 1000), (1000, 1000, 1125), (1000, 0, 875), (1000, 750, 1062), (7, 501, 8), (7, 0, 7)]
        {
            let parent = format!(r#""parentBaseFee": "{fee}", "parentGasUsed": "{used}", "parentGasLimit": "1000""#);
            let mut env = env(&parent);
            env.complete(Fork::Shanghai).unwrap();
            assert_eq!(env.current_base_fee, Some(next), "{fee} {used}");
        }
        let error = env(r#""parentBaseFee": "1""#).complete(Fork::London).unwrap_err();
        assert_eq!(error, "neither currentBaseFee nor parentGasLimit is given");
    }

    #[test]
    fn the_excess_of_blobs_follows_from_the_parent() {
        // In blobs: the target is 3 in Cancun and 6 from Prague on. A high base fee keeps Osaka's from falling so fast.
        for (fork, fee, excess, used, next) in [
            (Fork::Cancun, 1, 1, 1, 0),
            (Fork::Cancun, 1, 1, 6, 4),
            (Fork::Prague, 1, 1, 9, 4),
            (Fork::Osaka, 1, 1, 9, 4),
            (Fork::Osaka, 1_000_000_000, 3, 9, 6),
        ] {
            let parent = format!(
                r#""currentBaseFee": "1", "parentBaseFee": "{fee}", "parentExcessBlobGas": "{}", "parentBlobGasUsed": "{}""#,
                excess * BLOB_GAS,
                used * BLOB_GAS
            );
            let mut env = env(&parent);
            env.complete(fork).unwrap();
            assert_eq!(env.current_excess_blob_gas, Some(next * BLOB_GAS), "{fork} {fee} {excess} {used}");
        }
    }
}
