//! The meter: gas and instructions, counted in one register.
//!
//! The upper half of the meter holds the price units that may still be used,
//! the lower half counts instructions down. Each instruction subtracts its cost
//! from both at once; a negative meter means that the units have run out. The
//! counter grants units in chunks: when a chunk is used up, the loop returns for
//! another, and checks budget and interrupt flag. The gas covers all that is
//! granted, so a fee for which that stays true needs nothing else.
//!
//! A meter that does not run is 0. One that does never is: it counts far fewer
//! instructions than it could.
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
    /// The units of the current grant; 0 if no meter is running.
    granted: i64,
    /// Those that began before the current grant.
    instructions: u64,
    /// Whether the current context is free of fees.
    pub(crate) free: bool,
}

impl GasCounter {
    pub(crate) fn new(options: &RunOptions) -> Self {
        let factor = u64::try_from(options.fee_factor.pico()).unwrap_or(u64::MAX);
        let limit_pico = options.gas_limit.pico();
        Self { factor, limit_pico, spent_pico: 0, granted: 0, instructions: 0, free: false }
    }

    /// Grants up to `most` units, or `least` if that is more and they are left,
    /// and returns a fresh meter.
    pub(crate) fn grant(&mut self, least: i64, most: i64) -> i64 {
        let chunk = most.min(CHUNK).max(least);
        let units = if self.free { chunk } else { self.units_within(chunk, 0) };
        self.granted = units;
        units << 32 | COUNTDOWN
    }

    /// Returns whether a new grant would be more than twice what the meter has left.
    pub(crate) fn should_refill(&self, meter: i64) -> bool {
        let left = meter >> 32;
        let fresh = if self.free { self.granted } else { self.units_within(self.granted, self.granted - left) };
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

    /// Ends the current grant, if there is one, and charges what the meter used of it.
    pub(crate) fn settle(&mut self, meter: i64) {
        self.instructions = self.instructions(meter);
        self.spent_pico = self.spent(meter);
        self.granted = 0;
    }

    /// Charges one instruction, while no meter is running; false if there is not enough gas.
    pub(crate) fn charge(&mut self, units: i64) -> bool {
        self.instructions += 1;
        if !self.free {
            self.spent_pico = self.after(units);
        }
        self.covers(0)
    }

    /// Charges a fee; false if the gas does not cover it and all that is granted.
    pub(crate) fn add(&mut self, fee: Gas) -> bool {
        if !self.free {
            self.spent_pico = self.spent_pico.saturating_add(fee.pico());
        }
        self.covers(self.granted)
    }

    /// Returns whether a number of units can be paid, beside what was charged.
    pub(crate) fn covers(&self, units: i64) -> bool {
        self.free || self.after(units) <= self.limit_pico
    }

    /// What a number of units costs, which is not negative.
    fn pico(&self, units: i64) -> u128 {
        u128::from(units as u64) * u128::from(self.factor)
    }

    /// What was charged, and a number of units more.
    fn after(&self, units: i64) -> u128 {
        self.spent_pico.saturating_add(self.pico(units))
    }

    /// The gas used, with what the meter has used of the current grant.
    fn spent(&self, meter: i64) -> u128 {
        if self.free { self.spent_pico } else { self.after(self.granted - (meter >> 32)) }
    }

    /// The instructions that have begun, with those that the meter has counted.
    pub(crate) fn instructions(&self, meter: i64) -> u64 {
        let counted = if meter == 0 { 0 } else { COUNTDOWN - (meter & COUNTDOWN) };
        self.instructions + counted as u64
    }

    /// The gas used.
    pub(crate) fn consumed(&self, meter: i64) -> Gas {
        Gas::from_pico(self.spent(meter))
    }

    /// The gas left.
    pub(crate) fn left(&self, meter: i64) -> Gas {
        Gas::from_pico(self.limit_pico.saturating_sub(self.spent(meter)))
    }
}
