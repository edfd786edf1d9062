//! What happens while scripts run: the tier that is told about hot code, and the statistics.

pub(crate) mod stats;
pub(crate) mod text;
pub(crate) mod tier;
