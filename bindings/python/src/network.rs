//! Networks, which chains share.

use std::sync::Arc;

use neovm::{EngineConfig, Hardfork, JitMode, Network as Shared, host::HardforkHeights};
use neovm_node::config;
use pyo3::{exceptions::PyValueError, prelude::*};

/// The settings of a network, and what all executions on it share, on any number of
/// threads: decoded and compiled scripts, and contracts that were read.
///
/// `name` is mainnet, testnet, private, or the configuration file of a node. `hardfork`
/// names the last hardfork that is active, from the first block on; otherwise hardforks
/// have the heights of the network. Without `jit` nothing is compiled to machine code.
#[pyclass(frozen, module = "neovm")]
pub(crate) struct Network {
    pub(crate) shared: Arc<Shared>,
    name: String,
}

#[pymethods]
impl Network {
    #[new]
    #[pyo3(signature = (name = "private", *, hardfork = None, block_time = None, jit = true))]
    fn new(name: &str, hardfork: Option<&str>, block_time: Option<u32>, jit: bool) -> PyResult<Self> {
        let invalid = |error: String| PyValueError::new_err(error);
        let mut settings = config::load(name).map_err(|error| invalid(error.to_string()))?;
        if let Some(hardfork) = hardfork {
            let hardfork: Hardfork = hardfork.parse().map_err(|error| invalid(format!("{error}")))?;
            settings.hardforks = HardforkHeights::all_until(hardfork);
        }
        match block_time {
            Some(0) => return Err(invalid("block_time is 0: a block comes at least a millisecond later".into())),
            Some(milliseconds) => settings.milliseconds_per_block = milliseconds,
            None => {}
        }
        let mode = if jit { JitMode::default() } else { JitMode::Off };
        let shared = Arc::new(Shared::with_engine(settings, EngineConfig::default().with_jit(mode)));
        Ok(Self { shared, name: name.into() })
    }

    /// The number that tells the network from others.
    #[getter]
    fn magic(&self) -> u32 {
        self.shared.settings().network
    }

    /// The milliseconds between two blocks, unless policy says otherwise.
    #[getter]
    fn block_time(&self) -> u32 {
        self.shared.settings().milliseconds_per_block
    }

    fn __repr__(&self) -> String {
        format!("Network({:?})", self.name)
    }
}
