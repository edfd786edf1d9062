//! What goes on while scripts run: the tier that is told of hot code, and the statistics.

pub(crate) mod stats;
pub(crate) mod text;
pub(crate) mod tier;
