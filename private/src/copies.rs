//! Checkpoints of a chain, and copies of it.
//!
//! Files are copied by the operating system, which shares their blocks where the file system can.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use neovm_disk::{beside, is_temporary};

use crate::{
    PrivateChain, PrivateError,
    chain::{follow, open_disk},
    folder::Folder,
};

impl Folder {
    fn checkpoints(&self) -> PathBuf {
        self.path().join("checkpoints")
    }

    /// Where a restored chain lies until it takes the place of the other one.
    fn restored(&self) -> PathBuf {
        self.path().join("chain.restored")
    }

    /// Where the chain lies that a restored one takes the place of.
    fn old(&self) -> PathBuf {
        self.path().join("chain.old")
    }

    /// Ends a restore that was stopped between its last two steps.
    pub(crate) fn settle(&self) -> Result<(), PrivateError> {
        let (chain, restored) = (self.chain(), self.restored());
        if chain.exists() || !restored.exists() {
            return Ok(());
        }
        fs::rename(&restored, &chain).map_err(|error| PrivateError::io(chain, error))
    }

    /// Removes what commands have left that were killed. The lock of the chain must be held, so that none is at work.
    pub(crate) fn sweep(&self) {
        let is_own = |path: &Path, of_all: bool| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            is_temporary(name) && (of_all || name.starts_with("wallet.json.") || name.starts_with("config.json."))
        };
        let mut left = vec![self.restored(), self.old()];
        for (folder, of_all) in [(self.path().to_owned(), false), (self.checkpoints(), true)] {
            let entries = fs::read_dir(folder).into_iter().flatten();
            left.extend(entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_own(path, of_all)));
        }
        for path in left {
            // What cannot be removed takes room, and does no other harm.
            let _ = remove(&path);
        }
    }

    /// The checkpoints, by name.
    ///
    /// # Errors
    /// [`PrivateError`] if the folder cannot be read.
    pub fn checkpoint_names(&self) -> Result<Vec<String>, PrivateError> {
        let folder = self.checkpoints();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(PrivateError::io(folder, error)),
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| is_name(name)).collect();
        names.sort();
        Ok(names)
    }
}

impl PrivateChain {
    /// Keeps the chain as it is now under a name. The wallet is no part of it.
    ///
    /// # Errors
    /// [`PrivateError`] if there is such a checkpoint, or files cannot be written.
    pub fn checkpoint(&mut self, name: &str) -> Result<(), PrivateError> {
        self.flush()?;
        let to = self.folder().checkpoints().join(checked(name)?);
        if to.exists() {
            return Err(PrivateError::Checkpoint(format!("there is a checkpoint {name} already")));
        }
        copy_whole(&self.folder().chain(), &to)
    }

    /// Puts the chain back to a checkpoint, and closes it.
    ///
    /// # Errors
    /// [`PrivateError`] if there is no such checkpoint, it cannot be opened or is none of this network, or files cannot
    /// be written: the chain then is as it was.
    pub fn restore(self, name: &str) -> Result<(), PrivateError> {
        let folder = self.folder().clone();
        let from = folder.checkpoints().join(checked(name)?);
        if !from.is_dir() {
            let names = folder.checkpoint_names()?.join(", ");
            let others = if names.is_empty() { "there is none".into() } else { format!("there are: {names}") };
            return Err(PrivateError::Checkpoint(format!("there is no checkpoint {name}; {others}")));
        }
        let (chain, restored, old) = (folder.chain(), folder.restored(), folder.old());
        remove(&restored)?;
        remove(&old)?;
        copy_whole(&from, &restored)?;
        if let Err(error) = self.check_copy(&restored) {
            // The first error counts.
            let _ = remove(&restored);
            return Err(PrivateError::Checkpoint(format!("the checkpoint {name} cannot be restored: {error}")));
        }
        // What others have derived from the chain is derived again.
        remove(&folder.path().join("tokens.redb"))?;
        // The lock goes with the folder, and holds until the end.
        fs::rename(&chain, &old).map_err(|error| PrivateError::io(&chain, error))?;
        folder.settle()?;
        remove(&old)
    }

    /// Opens a copy of a chain of this network, which must have a block.
    fn check_copy(&self, copy: &Path) -> Result<(), PrivateError> {
        let (network, place) = (self.blockchain().network(), self.blockchain().state().place());
        let disk = open_disk(copy, network.settings(), place.trie_mode())?;
        let chain = follow(disk, Arc::clone(network), self.origin())?;
        match chain.height() {
            Some(_) => Ok(()),
            None => Err(PrivateError::Checkpoint("it has no block".into())),
        }
    }

    /// Copies the chain, its wallet and its network to another folder, which appears as a whole or not at all.
    ///
    /// # Errors
    /// [`PrivateError`] if the folder is there and not empty, or files cannot be written.
    pub fn fork(&mut self, to: impl AsRef<Path>) -> Result<(), PrivateError> {
        self.flush()?;
        let (from, to) = (self.folder(), Folder::new(to.as_ref()));
        to.build(|new| {
            fs::create_dir_all(new.path()).map_err(|error| PrivateError::io(new.path(), error))?;
            copy(&from.chain(), &new.chain())?;
            let of_fork = [Folder::origin, Folder::origin_read].into_iter().filter(|file| file(from).exists());
            let mut files = [Folder::config, Folder::wallet, Folder::logs].into_iter().chain(of_fork);
            files.try_for_each(|file| copy(&file(from), &file(new)))
        })
    }
}

/// Checkpoints are folders.
fn is_name(name: &str) -> bool {
    let is_usual = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    (1..=64).contains(&name.len()) && !name.starts_with('.') && !is_temporary(name) && name.chars().all(is_usual)
}

fn checked(name: &str) -> Result<&str, PrivateError> {
    let refused = || {
        let of = "letters, digits, dashes, underscores and dots, 64 at most, and does not end in .new- and a number";
        PrivateError::Checkpoint(format!("{name:?} is no name of a checkpoint: it consists of {of}"))
    };
    if is_name(name) { Ok(name) } else { Err(refused()) }
}

/// Copies a folder so that it appears as a whole or not at all.
fn copy_whole(from: &Path, to: &Path) -> Result<(), PrivateError> {
    let new = beside(to);
    let copied = copy(from, &new);
    let named = copied.and_then(|()| fs::rename(&new, to).map_err(|error| PrivateError::io(to, error)));
    if named.is_err() {
        // The first error counts.
        let _ = fs::remove_dir_all(&new);
    }
    named
}

/// Copies a file, or a folder with all that lies in it, and waits for the disk.
fn copy(from: &Path, to: &Path) -> Result<(), PrivateError> {
    let failed = |error| PrivateError::io(to, error);
    if !from.is_dir() {
        fs::copy(from, to).and_then(|_| fs::File::open(to)?.sync_all()).map_err(failed)?;
        return Ok(());
    }
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(|error| PrivateError::io(from, error))? {
        let entry = entry.map_err(|error| PrivateError::io(from, error))?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Removes a file or a folder, if it is there.
fn remove(path: &Path) -> Result<(), PrivateError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(PrivateError::io(path, error)),
        _ => Ok(()),
    }
}
