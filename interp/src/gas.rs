//! The meter: gas and instructions, counted in one register.
//!
//! The upper half of the meter holds the price units that may still be used,
//! the lower half counts instructions down. Each instruction subtracts its cost
//! from both at once; a negative meter means that the units have run out. The
//! counter grants units in chunks: when a chunk is used up, the loop returns for
//! another, and checks budget and interrupt flag.
//!
//! Source: `ApplicationEngine.cs` of the reference node (`AddFee`, `FeeConsumed`).

use neovm_types::Gas;

use crate::config::RunOptions;

/// The most units that are granted at a time. Each pays for an instruction or
/// two, so a grant lasts well below a millisecond.
const CHUNK: i64 = 1 << 18;

/// The lower half of a fresh meter. A chunk has far fewer instructions: each
/// loop costs at least a unit a turn, see `PriceTable`.
const COUNTDOWN: i64 = u32::MAX as i64;

/// The gas that an execution used and may still use.
#[derive(Clone, Debug)]
pub(crate) struct GasCounter {
    /// PicoGAS for a unit.
    factor: u64,
    limit_pico: u128,
    /// What was charged before the current grant. It exceeds the limit if the gas ran out.
    spent_pico: u128,
    /// The current grant, if a meter is running.
    granted: Option<i64>,
    instructions: u64,
    /// Whether the current context is free of fees.
    pub(crate) free: bool,
}

impl GasCounter {
    pub(crate) fn new(options: &RunOptions) -> Self {
        let factor = u64::try_from(options.fee_factor.pico()).unwrap_or(u64::MAX);
        let limit_pico = options.gas_limit.pico();
        Self { factor, limit_pico, spent_pico: 0, granted: None, instructions: 0, free: false }
    }

    /// Grants up to `most` units, or `least` if that is more and they are left,
    /// and returns a fresh meter.
    pub(crate) fn grant(&mut self, least: i64, most: i64) -> i64 {
        let chunk = most.min(CHUNK).max(least);
        let units = if self.free { chunk } else { self.units_within(chunk, 0) };
        self.granted = Some(units);
        units << 32 | COUNTDOWN
    }

    /// Returns whether a new grant would be more than twice what the meter has left.
    pub(crate) fn should_refill(&self, meter: i64) -> bool {
        let Some(granted) = self.granted else { return false };
        let left = meter >> 32;
        let fresh = if self.free { granted } else { self.units_within(granted, granted - left) };
        left * 2 < fresh
    }

    /// Returns how many units are left after `used` more, at most `most`.
    fn units_within(&self, most: i64, used: i64) -> i64 {
        let left = self.limit_pico.saturating_sub(self.after(used));
        if left >= self.pico(most) {
            return most;
        }
        // Less than `most`, which is an `i64`. Rarely is so little gas left that this division is needed, and never if
        // units cost nothing.
        (left / u128::from(self.factor)) as i64
    }

    /// Ends the current grant and charges what the meter used of it; false if
    /// there was no grant.
    pub(crate) fn settle(&mut self, meter: i64) -> bool {
        let Some(granted) = self.granted.take() else { return false };
        self.instructions += (COUNTDOWN - (meter & COUNTDOWN)) as u64;
        self.spend(granted - (meter >> 32));
        true
    }

    /// Charges one instruction; false if there is not enough gas.
    pub(crate) fn charge(&mut self, units: i64) -> bool {
        self.instructions += 1;
        self.spend(units);
        self.covers(0)
    }

    fn spend(&mut self, units: i64) {
        if !self.free {
            self.spent_pico = self.after(units);
        }
    }

    /// Charges a fee; false if there is not enough gas.
    pub(crate) fn add(&mut self, fee: Gas) -> bool {
        if !self.free {
            self.spent_pico = self.spent_pico.saturating_add(fee.pico());
        }
        self.covers(0)
    }

    /// Returns whether an instruction of a price can be paid.
    pub(crate) fn covers(&self, units: i64) -> bool {
        self.free || self.after(units) <= self.limit_pico
    }

    pub(crate) fn instructions(&self) -> u64 {
        self.instructions
    }

    /// What a number of units costs, which is not negative.
    fn pico(&self, units: i64) -> u128 {
        u128::from(units as u64) * u128::from(self.factor)
    }

    /// What was charged, and a number of units more.
    fn after(&self, units: i64) -> u128 {
        self.spent_pico.saturating_add(self.pico(units))
    }

    /// The gas used.
    pub(crate) fn consumed(&self) -> Gas {
        Gas::from_pico(self.spent_pico)
    }

    /// The gas left.
    pub(crate) fn left(&self) -> Gas {
        Gas::from_pico(self.limit_pico.saturating_sub(self.spent_pico))
    }
}
