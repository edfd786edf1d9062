//! The commands for a private chain in a folder.

mod accounts;
mod call;
mod chain;
mod deploy;
mod ledger;
mod mine;
mod names;
mod outcome;
mod storage;
mod transfer;
mod wallet;

use std::path::PathBuf;

use anyhow::Result;
use neovm_private::PrivateChain;

pub(crate) use self::{
    call::{CallArgs, call},
    chain::{ChainCommandArgs, chain},
    deploy::{DeployArgs, deploy},
    ledger::{BlockArgs, CandidatesArgs, LogArgs, TxArgs, block, candidates, log, tx},
    mine::{MineArgs, mine},
    storage::{StorageArgs, storage},
    transfer::{TransferArgs, transfer},
    wallet::{WalletArgs, wallet},
};

/// Where the chain lies.
#[derive(clap::Args)]
pub(crate) struct Data {
    /// The folder of the private chain, which `neovm chain new` makes
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
}

impl Data {
    pub(crate) fn open(&self) -> Result<PrivateChain> {
        Ok(PrivateChain::open(&self.data)?)
    }
}
