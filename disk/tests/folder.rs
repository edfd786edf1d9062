//! Folders: what they keep, when they are refused, and what damage to them leads to.

mod common;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use common::{apply, block};
use neovm_disk::{Disk, DiskError, Index, Settings, write_file, write_secret_file};
use neovm_storage::{
    ChainError, ChainState, Direction, FlushPolicy, Key, NodeHash, Place, Store, StoreError, TrieError, TrieMode, Value,
};
use tempfile::TempDir;

/// A small cache, so that pages are read.
const SETTINGS: Settings = Settings { network: 42, trie_mode: TrieMode::Latest, cache: 1 << 16, limit: None };

/// The state after blocks.
fn state(blocks: u32) -> BTreeMap<Key, Value> {
    let mut map = BTreeMap::new();
    (0..blocks).for_each(|height| apply(&mut map, &block(height)));
    map
}

/// The file of the database.
fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("chain.redb")
}

fn open(folder: &TempDir, settings: Settings) -> Result<Disk, DiskError> {
    Disk::open(folder, settings)
}

fn chain(folder: &TempDir, settings: Settings, blocks: u32) -> ChainState {
    let policy = FlushPolicy { blocks, nodes: 50, ..FlushPolicy::default() };
    ChainState::open(Arc::new(open(folder, settings).unwrap()), policy).unwrap()
}

/// Appends blocks, and writes them every few.
fn follow(folder: &TempDir, settings: Settings, blocks: std::ops::Range<u32>) -> Vec<NodeHash> {
    let mut chain = chain(folder, settings, 7);
    for height in blocks {
        chain.append(height, Arc::new(block(height)), None).unwrap();
    }
    chain.flush().unwrap();
    chain.take_roots(true).unwrap().into_iter().map(|(_, root)| root).collect()
}

fn read_all(store: &dyn Store, direction: Direction) -> Result<Vec<(Key, Value)>, StoreError> {
    store.seek(b"", None, direction).collect()
}

#[test]
fn what_was_written_is_there_when_it_is_opened_again() {
    for trie_mode in [TrieMode::None, TrieMode::Latest, TrieMode::Full] {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { trie_mode, ..SETTINGS };
        let mut roots = follow(&folder, settings, 0..30);
        roots.extend(follow(&folder, settings, 30..60));
        let disk = open(&folder, settings).unwrap();
        assert_eq!(disk.tip().unwrap().unwrap().height, 59);
        let map = state(60);
        let mut expected: Vec<_> = map.clone().into_iter().collect();
        assert_eq!(read_all(&disk, Direction::Forward).unwrap(), expected);
        expected.reverse();
        assert_eq!(read_all(&disk, Direction::Backward).unwrap(), expected);
        for (key, value) in &map {
            assert_eq!(disk.get(key).unwrap().as_ref(), Some(value));
        }
        drop(disk);

        let chain = chain(&folder, settings, 7);
        let found: Vec<_> = chain.seek(&1_i32.to_le_bytes(), None, Direction::Forward).map(Result::unwrap).collect();
        assert_eq!(found, map.clone().into_iter().filter(|(key, _)| key.contract() == 1).collect::<Vec<_>>());
        for (height, root) in (0..).zip(&roots) {
            assert_eq!(chain.place().root(height).unwrap(), Some(*root));
            match chain.trie(*root) {
                Ok(trie) if trie_mode == TrieMode::Full || height == 59 => {
                    for (key, value) in state(height + 1).iter().step_by(17) {
                        assert_eq!(trie.get(key).unwrap().as_ref(), Some(value));
                        assert_eq!(trie.proof(key).unwrap().unwrap().verify(*root).unwrap().as_ref(), Some(value));
                    }
                }
                other => assert_eq!(other.err(), Some(ChainError::OldState)),
            }
        }
        assert_eq!(roots.len(), if trie_mode == TrieMode::None { 0 } else { 60 });
    }
}

#[test]
fn two_at_once_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder, SETTINGS).unwrap();
    let second = open(&folder, SETTINGS).unwrap_err();
    assert!(matches!(second, DiskError::InUse(_)));
    assert!(
        second.to_string().ends_with(": this folder is in use already, by this process or another one"),
        "{second}"
    );
    drop(first);
    open(&folder, SETTINGS).unwrap();
}

/// They have copies of open files, and of locks, until they run their own program.
#[test]
fn processes_that_start_do_not_hold_folders_that_were_closed() {
    let folder = tempfile::tempdir().unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    Command::new(std::env::current_exe().unwrap()).arg("--help").output().unwrap();
                }
            });
        }
        let opened = (0..100).try_for_each(|_| open(&folder, SETTINGS).map(drop));
        is_over.store(true, Ordering::Relaxed);
        opened.unwrap();
    });
}

#[test]
fn other_folders_and_other_settings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    follow(&folder, SETTINGS, 0..3);
    let refused = |settings| open(&folder, settings).unwrap_err().to_string();
    let text = refused(Settings { network: 43, ..SETTINGS });
    assert!(text.ends_with(": this folder holds the chain of network 42, not 43"), "{text}");
    let text = refused(Settings { trie_mode: TrieMode::Full, ..SETTINGS });
    let expected = ": this folder was made to keep the latest state trie, not all state tries (full state)";
    assert!(text.ends_with(expected), "{text}");

    let format = folder.path().join("format");
    assert_eq!(fs::read_to_string(&format).unwrap(), "neovm chain, format 1\n");
    fs::write(&format, "neovm chain, format 2\n").unwrap();
    let text = refused(SETTINGS);
    assert!(
        text.ends_with(": this folder has format 2, and this version reads format 1: use a later version"),
        "{text}"
    );
    for text in ["neovm chain, format 0\n", "neovm chain, format 1", "neovm\n", ""] {
        fs::write(&format, text).unwrap();
        assert!(matches!(open(&folder, SETTINGS), Err(DiskError::Damaged { .. })), "{text:?}");
    }
    fs::remove_file(&format).unwrap();
    assert!(matches!(open(&folder, SETTINGS), Err(DiskError::Foreign(_))));
    fs::write(&format, "neovm chain, format 1\n").unwrap();
    assert_eq!(open(&folder, SETTINGS).unwrap().tip().unwrap().unwrap().height, 2);
    assert!(matches!(Disk::open(&format, SETTINGS), Err(DiskError::NotFolder(path)) if path == format));
}

#[test]
fn a_database_that_is_gone_is_not_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    follow(&folder, SETTINGS, 0..3);
    fs::remove_file(database(&folder)).unwrap();
    assert!(matches!(open(&folder, SETTINGS), Err(DiskError::Missing(file)) if file == database(&folder)));
    assert!(!database(&folder).exists());
    // What is left by processes that were killed while they made the folder: before there was a format, and when the
    // database had its name still to get.
    let (format, unfinished) = (folder.path().join("format"), folder.path().join("chain.redb.new"));
    for (text, part) in [("", None), ("", Some("")), ("neovm chain, format 1\n", Some(""))] {
        fs::write(&format, text).unwrap();
        part.iter().for_each(|part| fs::write(&unfinished, part).unwrap());
        assert!(open(&folder, SETTINGS).unwrap().tip().unwrap().is_none());
        assert!(!unfinished.exists());
        assert_eq!(fs::read_to_string(&format).unwrap(), "neovm chain, format 1\n");
        fs::remove_file(database(&folder)).unwrap();
    }
}

#[test]
fn an_index_that_is_damaged_can_be_removed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index");
    drop(Index::open(&file).unwrap());
    for damage in [&b""[..], b"too short", &[7; 8192]] {
        fs::write(&file, damage).unwrap();
        let error = Index::open(&file).unwrap_err();
        assert!(error.to_string().ends_with(". Remove the file: it is made anew from the chain"), "{error}");
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(Index::open(&file).unwrap().height().unwrap(), None);
}

#[test]
fn files_are_written_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("file"), folder.path().join("other"));
    write_file(&file, b"one").unwrap();
    write_file(&file, b"two").unwrap();
    write_secret_file(&other, b"three").unwrap();
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    assert_eq!((read(&file), read(&other)), ("two".into(), "three".into()));
    let missing = write_file(&folder.path().join("none/file"), b"four").unwrap_err();
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing else is left");
}

#[cfg(unix)]
#[test]
fn files_keep_what_they_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let [file, link, loose, target] = ["file", "link", "loose", "target"].map(|name| folder.path().join(name));
    fs::write(&file, "one").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("file", &link).unwrap();
    symlink("target", &loose).unwrap();
    write_file(&link, b"two").unwrap();
    write_file(&loose, b"three").unwrap();
    assert!(link.is_symlink() && loose.is_symlink());
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((fs::read_to_string(&file).unwrap(), mode(&file)), ("two".into(), 0o640));
    assert_eq!(fs::read_to_string(&target).unwrap(), "three");
    write_secret_file(&file, b"four").unwrap();
    assert_eq!(mode(&file), 0o600);
    // Devices are written as they are.
    write_file("/dev/null".as_ref(), b"five").unwrap();
    if fs::metadata("/dev/full").is_ok() {
        let full = write_file("/dev/full".as_ref(), b"six").unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }
}

#[test]
fn a_full_disk_leaves_the_blocks_that_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let limit = 1 << 20;
    let settings = Settings { limit: Some(limit), ..SETTINGS };
    let mut chain = chain(&folder, settings, 5);
    let mut height = 0;
    let error = loop {
        match chain.append(height, Arc::new(block(height)), None) {
            Ok(()) => height += 1,
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("the disk is full. Blocks written before are safe"), "{error}");
    assert_eq!(chain.flush(), Err(error));
    drop(chain);
    assert!(fs::metadata(database(&folder)).unwrap().len() <= limit);

    let disk = open(&folder, SETTINGS).unwrap();
    let tip = disk.tip().unwrap().unwrap();
    assert!(tip.height > 0 && tip.height < height);
    assert_eq!(read_all(&disk, Direction::Forward).unwrap(), state(tip.height + 1).into_iter().collect::<Vec<_>>());
    drop(disk);
    follow(&folder, SETTINGS, tip.height + 1..height);
    let disk = open(&folder, SETTINGS).unwrap();
    assert_eq!(read_all(&disk, Direction::Forward).unwrap(), state(height).into_iter().collect::<Vec<_>>());
}

/// Reads all that a folder holds. Nothing but what was written, or an error, may come of it.
fn read_damaged(folder: &TempDir, expected: &BTreeMap<Key, Value>, last: NodeHash) -> Result<(), String> {
    let disk = open(folder, SETTINGS).map_err(|error| error.to_string())?;
    let tip = disk.tip().map_err(|error| error.to_string())?.unwrap();
    assert_eq!((tip.height, tip.root), (39, last));
    for direction in [Direction::Forward, Direction::Backward] {
        let mut entries = read_all(&disk, direction).map_err(|error| error.to_string())?;
        entries.sort();
        assert!(entries.into_iter().eq(expected.clone()));
    }
    let chain = ChainState::open(Arc::new(disk), FlushPolicy::default()).unwrap();
    let trie = chain.trie(last).unwrap();
    for (key, value) in expected {
        assert_eq!(chain.get(key).map_err(|error| error.to_string())?.as_ref(), Some(value));
        let proven = trie.get(key).map_err(|error: TrieError| error.to_string())?;
        assert_eq!(proven.as_ref(), Some(value));
    }
    Ok(())
}

#[test]
fn a_bit_that_flipped_never_becomes_a_wrong_state() {
    let folder = tempfile::tempdir().unwrap();
    let last = *follow(&folder, SETTINGS, 0..40).last().unwrap();
    let expected = state(40);
    let good = fs::read(database(&folder)).unwrap();
    assert_eq!(read_damaged(&folder, &expected, last), Ok(()));

    // Some bytes of the header and its checksum, and one of each page elsewhere.
    let header = 4096..4096 + 512;
    let pages = (0..good.len()).step_by(4096).filter(|at| *at != header.start).map(|at| at + at / 13 % 4096);
    let mut found = 0;
    let mut count = 0;
    for at in header.clone().step_by(7).chain(pages) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(database(&folder), &bytes).unwrap();
        count += 1;
        let result = read_damaged(&folder, &expected, last);
        if header.contains(&at) {
            assert!(result.is_err(), "byte {at} of the header");
        }
        if let Err(text) = result {
            found += 1;
            assert!(text.contains("chain.redb: ") && text.contains("damaged"), "byte {at}: {text}");
        }
    }
    println!("{found} of {count} flipped bits were found; the others are in pages that nothing refers to");
    assert!(found > count / 3);
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let last = *follow(&folder, SETTINGS, 0..40).last().unwrap();
    let expected = state(40);
    let good = fs::read(database(&folder)).unwrap();
    for part in 0..64 {
        for more in [0, 1, 511] {
            let length = (good.len() / 64 / 4096 * 4096 * part + more).min(good.len() - 1);
            fs::write(database(&folder), &good[..length]).unwrap();
            let text = read_damaged(&folder, &expected, last).unwrap_err();
            assert!(text.contains("chain.redb: ") && text.contains("damaged"), "{length} bytes: {text}");
        }
    }
}
