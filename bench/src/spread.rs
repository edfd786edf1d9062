//! The median of measurements, and how far they are apart.

use serde::{Deserialize, Serialize};

/// The least, the median and the greatest of some measurements.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Spread {
    /// The least value.
    pub min: f64,
    /// The value in the middle.
    pub median: f64,
    /// The greatest value.
    pub max: f64,
}

impl Spread {
    /// Returns the spread of values, or `None` if there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        Some(Self { min, median: values[values.len() / 2], max })
    }

    /// Returns the spread of the quotients of values of the same rounds.
    pub fn of_ratios(dividends: &[f64], divisors: &[f64]) -> Option<Self> {
        let ratios: Vec<_> = dividends.iter().zip(divisors).map(|(dividend, divisor)| dividend / divisor).collect();
        Self::of(&ratios)
    }

    /// Formats the median, the minimum and the maximum with the given number of decimals.
    pub fn text(&self, decimals: usize) -> String {
        let Self { min, median, max } = self;
        format!("{median:.decimals$} ({min:.decimals$} to {max:.decimals$})")
    }
}

/// Returns the geometric mean of numbers, which are positive.
pub fn geometric_mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    (values.map(f64::ln).sum::<f64>() / count).exp()
}
