//! Compares executions over the host: generated contracts on a chain in memory, and a script that
//! calls them.

mod case;
mod compare;
mod ending;
mod minimize;
mod worker;

pub use self::{
    case::{ChainCase, ContractFiles},
    compare::{ChainComparer, Comparison},
    ending::Ending,
    minimize::minimized_chain,
    worker::ChainWorker,
};
