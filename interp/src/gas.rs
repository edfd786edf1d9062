//! The meter: gas and instructions, counted in one register.
//!
//! The upper half of the meter holds price units that may still be used, the
//! lower half counts instructions down. An instruction subtracts its cost of
//! both at once, and a negative meter says that the units ran out. What a run
//! is granted at a time is a chunk: when it is used up the loop comes back for
//! more, and this is where budgets and interruptions are looked at.
//!
//! Amounts: a price unit costs the fee factor in picoGAS (10^-12 GAS); a
//! datoshi (10^-8 GAS) is 10,000 picoGAS.
//! Source: `ApplicationEngine.cs` of the reference node (`AddFee`, `FeeConsumed`).

/// PicoGAS in a datoshi.
pub const PICO_PER_DATOSHI: u64 = 10_000;

/// The fee factor of the networks at genesis: 30 datoshi, in picoGAS.
pub const DEFAULT_FEE_FACTOR: u64 = 30 * PICO_PER_DATOSHI;

/// Units granted at a time: at most so many instructions, well below a millisecond.
const CHUNK: i64 = 1 << 18;

/// The lower half of a fresh meter. A chunk has far fewer instructions: each
/// loop costs at least a unit a turn, see `PriceTable`.
const COUNTDOWN: i64 = u32::MAX as i64;

/// Gas used and allowed.
#[derive(Clone, Debug)]
pub(crate) struct Gas {
    factor: u64,
    limit_pico: u128,
    /// Charged by instructions.
    spent_units: u64,
    /// Charged otherwise.
    added_pico: u128,
    /// Whole units that are left, grants not taken off.
    units_left: i64,
    /// None: nobody holds a meter.
    granted: Option<i64>,
    instructions: u64,
    /// While the current context is free of fees.
    pub(crate) free: bool,
}

impl Gas {
    pub(crate) fn new(limit_datoshi: i64, factor: u64) -> Self {
        let limit_pico = u128::from(limit_datoshi.max(0) as u64) * u128::from(PICO_PER_DATOSHI);
        let factor = factor.max(1);
        let units_left = whole_units(limit_pico, factor);
        Self {
            factor,
            limit_pico,
            spent_units: 0,
            added_pico: 0,
            units_left,
            granted: None,
            instructions: 0,
            free: false,
        }
    }

    /// Grants at most `most` units, but `least` if they are there, and returns
    /// the fresh meter.
    pub(crate) fn grant(&mut self, least: i64, most: i64) -> i64 {
        let chunk = most.min(CHUNK).max(least);
        let units = if self.free { chunk } else { self.units_left.min(chunk).max(0) };
        self.granted = Some(units);
        units << 32 | COUNTDOWN
    }

    /// Whether another grant like the last would be more than twice what the meter has.
    pub(crate) fn should_refill(&self, meter: i64) -> bool {
        let Some(granted) = self.granted else { return false };
        let left = meter >> 32;
        let fresh = if self.free { granted } else { granted.min(self.units_left - (granted - left)) };
        left * 2 < fresh
    }

    /// Takes what the meter has used into account, which is spent then; false
    /// if there was none.
    pub(crate) fn settle(&mut self, meter: i64) -> bool {
        let Some(granted) = self.granted.take() else { return false };
        self.instructions += (COUNTDOWN - (meter & COUNTDOWN)) as u64;
        self.spend(granted - (meter >> 32));
        true
    }

    /// Charges one instruction; false if there is not gas enough.
    pub(crate) fn charge(&mut self, units: i64) -> bool {
        self.instructions += 1;
        self.spend(units);
        self.units_left >= 0
    }

    fn spend(&mut self, units: i64) {
        if !self.free {
            self.spent_units += units as u64;
            self.units_left -= units;
        }
    }

    /// Charges an amount in picoGAS; false if there is not gas enough.
    pub(crate) fn add_pico(&mut self, pico: u128) -> bool {
        if self.free {
            return true;
        }
        self.added_pico = self.added_pico.saturating_add(pico);
        let spent = self.spent_pico();
        self.units_left = match self.limit_pico.checked_sub(spent) {
            Some(left) => whole_units(left, self.factor),
            None => -1,
        };
        self.units_left >= 0
    }

    /// Whether an instruction of a price can be paid.
    pub(crate) fn covers(&self, units: i64) -> bool {
        self.free || self.units_left >= units
    }

    pub(crate) fn instructions(&self) -> u64 {
        self.instructions
    }

    fn spent_pico(&self) -> u128 {
        let by_units = u128::from(self.spent_units) * u128::from(self.factor);
        by_units.saturating_add(self.added_pico)
    }

    /// Gas used, in datoshi, rounded up.
    pub(crate) fn consumed(&self) -> u128 {
        self.spent_pico().div_ceil(u128::from(PICO_PER_DATOSHI))
    }

    /// Gas left, in datoshi, rounded down.
    pub(crate) fn left(&self) -> u128 {
        self.limit_pico.saturating_sub(self.spent_pico()) / u128::from(PICO_PER_DATOSHI)
    }

    pub(crate) fn factor(&self) -> u64 {
        self.factor
    }
}

fn whole_units(pico: u128, factor: u64) -> i64 {
    // The usual amounts need no division of 128 bits.
    let units = match u64::try_from(pico) {
        Ok(pico) => u128::from(pico / factor),
        Err(_) => pico / u128::from(factor),
    };
    i64::try_from(units).unwrap_or(i64::MAX)
}
