//! The files of a private chain's folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::Arc,
};

use neovm_disk::{Disk, DiskError, Records, is_temporary, write_file, write_secret_file};
use neovm_host::{ProtocolSettings, genesis_block, native::take_over};
use neovm_node::{config, verify::VerifyLevel};
use neovm_storage::{Commit, NodeChanges, NodeHash, Place, StateBuffer, Tip, TrieMode, checked};
use neovm_wallet::{PrivateKey, Scrypt, Wallet, WalletError};

use crate::{
    Origin, PrivateChain, PrivateError,
    chain::open_disk,
    next_block,
    origin::{self, ForkPlace, Found},
};

/// The label of the account that holds the first NEO and GAS: that of the validators.
pub(crate) const GENESIS: &str = "genesis";

/// The label of the account of the validator's key alone.
const VALIDATOR: &str = "validator";

/// The GAS that a fork of another network gives to its validator, in datoshi: as much as a new network has.
const FORK_GAS: i64 = 5_200_000_000_000_000;

/// The wallet's password. The file protects the keys by its mode alone: a private network mines without asking.
pub(crate) const PASSWORD: &str = "";

/// The folder of a private chain:
///
/// | file | content |
/// |---|---|
/// | `config.json` | the network, in the form of the reference node |
/// | `wallet.json` | accounts and their keys (NEP-6), encrypted with the empty password; for its owner alone |
/// | `chain` | the chain, a folder of [`Disk`](neovm_disk::Disk) |
/// | `logs.redb` | the application logs |
/// | `origin.json` | of a fork of another network: where it began |
/// | `origin.redb` | of such a fork: what was read of that network's state |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

/// Which network a fork is of.
#[derive(Debug)]
pub struct ForkOf {
    /// The address of a node of it, which answers the calls of StateService.
    pub rpc: String,
    /// The height of the block that the fork goes on from; the last one that the node has the state of unless given.
    pub height: Option<u32>,
    /// The key that makes the blocks from then on.
    pub validator: PrivateKey,
}

/// What a private chain begins with.
#[derive(Debug)]
pub struct NewChain {
    /// The network: its committee is that of the validator alone.
    pub settings: ProtocolSettings,
    /// The key of the validator.
    pub validator: PrivateKey,
}

impl Folder {
    /// A folder, which need not be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    pub(crate) fn wallet(&self) -> PathBuf {
        self.0.join("wallet.json")
    }

    pub(crate) fn chain(&self) -> PathBuf {
        self.0.join("chain")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.0.join("logs.redb")
    }

    pub(crate) fn origin(&self) -> PathBuf {
        self.0.join("origin.json")
    }

    pub(crate) fn origin_read(&self) -> PathBuf {
        self.0.join("origin.redb")
    }

    /// Makes the folder with a chain of one block.
    pub(crate) fn create(&self, new: &NewChain) -> Result<(), PrivateError> {
        self.build(|folder| folder.fill(new))
    }

    /// Makes the folder with a fork of another network, which has one block more than that.
    pub(crate) fn create_fork(&self, fork: &ForkOf) -> Result<(), PrivateError> {
        let found = origin::find(&fork.rpc, fork.height, fork.validator.public_key())?;
        self.build(|folder| folder.fill_fork(&found, &fork.validator))
    }

    /// Makes the folder, which is not there or empty. One that is not there appears as a whole or not at all; what says
    /// that there is a chain comes last.
    pub(crate) fn build(&self, make: impl FnOnce(&Self) -> Result<(), PrivateError>) -> Result<(), PrivateError> {
        let failed = |error| PrivateError::io(&self.0, error);
        self.sweep_beside();
        let is_there = match fs::read_dir(&self.0).map(|mut entries| entries.next().is_none()) {
            Ok(true) => true,
            Ok(false) => return Err(PrivateError::NotEmpty(self.0.clone())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(_) if self.0.is_file() => return Err(DiskError::NotFolder(self.0.clone()).into()),
            Err(error) => return Err(failed(error)),
        };
        // A folder that is there may be the one that somebody stands in.
        let new = Self(if is_there { self.0.join(format!(".new-{}", process::id())) } else { self.hidden() });
        let made = make(&new).and_then(|()| {
            if !is_there {
                return fs::rename(&new.0, &self.0).map_err(failed);
            }
            let of_fork = [Self::origin, Self::origin_read].into_iter().filter(|file| file(&new).exists());
            // The configuration comes last: it says that there is a chain.
            let files =
                [Self::wallet, Self::chain, Self::logs].into_iter().chain(of_fork).chain([Self::config as fn(&_) -> _]);
            let mut moves = files.map(|file| fs::rename(file(&new), file(self)));
            moves.try_for_each(|moved| moved).and_then(|()| fs::remove_dir(&new.0)).map_err(failed)
        });
        if made.is_err() {
            // The first error counts.
            let _ = fs::remove_dir_all(&new.0);
        }
        made
    }

    /// Where the folder is made, beside the place that it is for.
    fn hidden(&self) -> PathBuf {
        let name = self.0.file_name().unwrap_or("chain".as_ref()).to_string_lossy();
        self.0.with_file_name(format!(".{name}.new-{}", process::id()))
    }

    /// Removes what commands have left that were killed while they made this folder.
    fn sweep_beside(&self) {
        let hidden = self.hidden();
        let (Some(parent), Some(name)) = (hidden.parent(), hidden.file_name()) else { return };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let beside = name.to_string_lossy();
        let beside = beside.rsplit_once(".new-").map_or("", |(of, _)| of);
        for (folder, of) in [(parent, beside), (&self.0, "")] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let left = entry.file_name();
                let left = left.to_str().filter(|left| is_temporary(left)).and_then(|left| left.rsplit_once(".new-"));
                if left.is_some_and(|(left, process)| left == of && has_ended(process)) {
                    // What cannot be removed takes room, and does no other harm.
                    let _ = fs::remove_dir_all(entry.path());
                }
            }
        }
    }

    fn fill(&self, new: &NewChain) -> Result<(), PrivateError> {
        let settings = ProtocolSettings {
            standby_committee: vec![*new.validator.public_key()],
            validators_count: 1,
            ..new.settings.clone()
        };
        let disk = self.write_files(&settings, TrieMode::Full, &new.validator)?;
        let mut chain = PrivateChain::open_folder(self.clone(), Some(disk))?;
        chain.append(&genesis_block(&settings)?, VerifyLevel::Full)?;
        chain.flush()
    }

    fn fill_fork(&self, found: &Found, validator: &PrivateKey) -> Result<(), PrivateError> {
        let disk = self.write_files(&found.settings, TrieMode::None, validator)?;
        found.file.write(&self.origin())?;
        let place = ForkPlace::new(disk, Arc::new(Origin::open(&self.origin(), &self.origin_read())?));
        let changes = checked(&place, |place| take_over(place, &found.last, *validator.public_key(), FORK_GAS))??;
        let mut state = StateBuffer::default();
        state.add(&changes);
        let tip = Tip { height: found.last.index, root: NodeHash::default() };
        place.write(&Commit { tip, state: &state, nodes: NodeChanges::default(), roots: &[] })?;
        // The validators of the network would have to sign the block that names another one.
        let mut chain = PrivateChain::open_folder(self.clone(), Some(place.into_disk()))?;
        let block = next_block(chain.blockchain(), chain.keys(), &[], None)?;
        chain.append(&block, VerifyLevel::None)?;
        chain.flush()
    }

    /// Makes the files of a chain with one validator, which has no block yet.
    fn write_files(
        &self,
        settings: &ProtocolSettings,
        trie_mode: TrieMode,
        validator: &PrivateKey,
    ) -> Result<Disk, PrivateError> {
        fs::create_dir_all(&self.0).map_err(|error| PrivateError::io(&self.0, error))?;
        let mut wallet = Wallet::new(None, Scrypt::LEAST, settings.address_version);
        let keys = &settings.standby_committee;
        wallet.add_multisig(1, keys, Some(GENESIS), Some((validator, PASSWORD))).map_err(|it| self.in_wallet(it))?;
        wallet.add_key(validator, Some(VALIDATOR), PASSWORD).map_err(|it| self.in_wallet(it))?;
        self.write_wallet(&wallet)?;
        Records::open(self.logs())?;
        let (disk, file) = (open_disk(&self.chain(), settings, trie_mode)?, self.config());
        let written = write_file(&file, config::to_csharp(settings)?.as_bytes());
        written.map_err(|error| PrivateError::io(file, error))?;
        Ok(disk)
    }

    /// An error of the wallet.
    pub(crate) fn in_wallet(&self, error: WalletError) -> PrivateError {
        PrivateError::Wallet { file: self.wallet(), error }
    }

    pub(crate) fn write_wallet(&self, wallet: &Wallet) -> Result<(), PrivateError> {
        let file = self.wallet();
        write_secret_file(&file, wallet.to_json().as_bytes()).map_err(|error| PrivateError::io(file, error))
    }

    pub(crate) fn read(path: &Path) -> Result<String, PrivateError> {
        fs::read_to_string(path).map_err(|error| PrivateError::io(path, error))
    }
}

/// Whether the process with a number has ended, as far as the operating system tells.
fn has_ended(number: &str) -> bool {
    let processes = Path::new("/proc");
    processes.join("self").exists() && !processes.join(number).exists()
}
