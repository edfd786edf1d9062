//! Amounts of GAS.

use core::fmt;

/// An amount of GAS, exact to the picoGAS.
///
/// | unit | GAS |
/// |---|---|
/// | GAS | 1 |
/// | datoshi | 10<sup>-8</sup> |
/// | picoGAS | 10<sup>-12</sup> |
///
/// Opcodes have prices in *units*; what a unit costs is the execution fee
/// factor, see [`Gas::from_units`].
///
/// Arithmetic saturates: amounts stay within 0 and [`Gas::MAX`], which is far
/// beyond everything that exists.
///
/// Source: `ApplicationEngine.cs` of the reference node (`FeeFactor`, `AddFee`,
/// `FeeConsumed`, `GasLeft`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gas(u128);

impl Gas {
    /// No GAS.
    pub const ZERO: Self = Self(0);

    /// The greatest amount.
    pub const MAX: Self = Self(u128::MAX);

    /// PicoGAS in a datoshi.
    pub const PICO_PER_DATOSHI: u64 = 10_000;

    /// Datoshi in a GAS.
    pub const DATOSHI_PER_GAS: u64 = 100_000_000;

    /// Returns an amount in picoGAS.
    pub const fn from_pico(pico: u128) -> Self {
        Self(pico)
    }

    /// Returns an amount in datoshi. An amount below zero counts as zero, as
    /// gas limits do in the reference.
    pub const fn from_datoshi(datoshi: i64) -> Self {
        if datoshi < 0 { Self::ZERO } else { Self(datoshi as u128 * Self::PICO_PER_DATOSHI as u128) }
    }

    /// Returns the cost of price units at a fee factor, which is what one unit
    /// costs.
    pub const fn from_units(units: u64, fee_factor: Self) -> Self {
        // Mostly there is one product of two words.
        if fee_factor.0 <= u64::MAX as u128 {
            return Self(fee_factor.0 as u64 as u128 * units as u128);
        }
        Self(fee_factor.0.saturating_mul(units as u128))
    }

    /// Returns the amount in picoGAS.
    pub const fn pico(self) -> u128 {
        self.0
    }

    /// Returns the amount in datoshi, rounded up: what a node charges.
    pub const fn datoshi_ceil(self) -> u128 {
        self.0.div_ceil(Self::PICO_PER_DATOSHI as u128)
    }

    /// Returns the amount in datoshi, rounded down: what may still be spent.
    pub const fn datoshi_floor(self) -> u128 {
        self.0 / Self::PICO_PER_DATOSHI as u128
    }

    /// Returns the sum, at most [`Gas::MAX`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the difference, at least zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns the difference, or `None` if it is below zero.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }
}

/// Shows the amount in GAS, in decimal and in full: `0.0000003`.
impl fmt::Display for Gas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = u128::from(Self::PICO_PER_DATOSHI) * u128::from(Self::DATOSHI_PER_GAS);
        let (whole, mut fraction) = (self.0 / unit, self.0 % unit);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let mut digits = 12;
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            digits -= 1;
        }
        write!(f, "{whole}.{fraction:0digits$}")
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn datoshi_round_up_or_down_by_name() {
        for (pico, floor, ceil) in [(0, 0, 0), (1, 0, 1), (9_999, 0, 1), (10_000, 1, 1), (10_001, 1, 2)] {
            let gas = Gas::from_pico(pico);
            assert_eq!((gas.datoshi_floor(), gas.datoshi_ceil()), (floor, ceil), "{pico}");
        }
        assert_eq!(Gas::from_datoshi(7).pico(), 70_000);
        assert_eq!(Gas::from_datoshi(-1), Gas::ZERO);
        assert_eq!(Gas::from_datoshi(i64::MAX).datoshi_floor(), i64::MAX as u128);
    }

    #[test]
    fn arithmetic_saturates() {
        let one = Gas::from_pico(1);
        assert_eq!(Gas::MAX.saturating_add(one), Gas::MAX);
        assert_eq!(Gas::ZERO.saturating_sub(one), Gas::ZERO);
        assert_eq!((Gas::ZERO.checked_sub(one), one.checked_sub(one)), (None, Some(Gas::ZERO)));
        assert_eq!(Gas::from_units(3, Gas::from_datoshi(30)), Gas::from_datoshi(90));
        assert_eq!(Gas::from_units(u64::MAX, Gas::MAX), Gas::MAX);
        for factor in [u64::MAX.into(), 1 << 64, u128::MAX >> 63] {
            let expected = factor.saturating_mul(u64::MAX.into());
            assert_eq!(Gas::from_units(u64::MAX, Gas::from_pico(factor)).pico(), expected, "{factor}");
        }
    }

    #[test]
    fn amounts_are_shown_in_gas() {
        for (pico, text) in [
            (0, "0"),
            (1, "0.000000000001"),
            (300_000, "0.0000003"),
            (1_000_000_000_000, "1"),
            (20_050_000_000_000, "20.05"),
        ] {
            assert_eq!(Gas::from_pico(pico).to_string(), text);
        }
    }
}
