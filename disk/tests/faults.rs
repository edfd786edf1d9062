//! Kills a process that appends blocks to a folder, at random moments, and looks at what is left; and lets it run out
//! of disk: `cargo test --release -p neovm-disk --test faults -- --kills 200`.
//!
//! After each kill the folder must open at once, hold all blocks that were reported as written, each as a whole, and
//! nothing of others: the state is compared with that of a map, the trie with the state, and the state root with that
//! of a trie made in one go. The next process goes on from there.

mod common;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use common::{apply, block};
use neovm_disk::{Disk, DiskError, Index, Records, Settings};
use neovm_storage::{ChainState, Direction, FlushPolicy, Key, Place, Store, TrieReader, Value, state_root};

const SETTINGS: Settings =
    Settings { network: 42, trie_mode: neovm_storage::TrieMode::Latest, cache: 1 << 20, limit: None };

/// The folder, in the process that appends.
const FOLDER: &str = "NEOVM_FAULTS_FOLDER";

/// Two files beside a chain, in the process that makes them, with what their names start with.
const FILES: &str = "NEOVM_FAULTS_FILES";

/// How many blocks that process writes at a time, at least.
const BLOCKS: u32 = 5;

fn main() -> ExitCode {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return follow(Path::new(&folder));
    }
    if let Some(folder) = std::env::var_os(FILES) {
        return make_files(Path::new(&folder));
    }
    let arguments: Vec<String> = std::env::args().collect();
    let kills = arguments.iter().position(|argument| argument == "--kills").and_then(|at| arguments.get(at + 1));
    let kills = kills.map_or(12, |kills| kills.parse().expect("a number of kills"));
    killed(kills);
    two_processes();
    full_disk();
    files_that_were_not_finished();
    ExitCode::SUCCESS
}

/// Appends blocks without end, and says on standard output which are written.
fn follow(folder: &Path) -> ExitCode {
    let run = || -> Result<(), Box<dyn std::error::Error>> {
        let disk = Arc::new(Disk::open(folder, SETTINGS)?);
        println!("open");
        let policy = FlushPolicy { blocks: BLOCKS, nodes: 500, ..FlushPolicy::default() };
        let mut chain = ChainState::open(disk.clone(), policy)?;
        let mut written = None;
        loop {
            let height = chain.height().map_or(0, |height| height + 1);
            chain.append(height, Arc::new(block(height)), None)?;
            let tip = disk.tip()?.map(|tip| tip.height);
            if tip != written {
                written = tip;
                println!("{}", tip.unwrap_or_default());
            }
        }
    };
    let Err(error) = run() else { return ExitCode::SUCCESS };
    eprintln!("{error}");
    ExitCode::FAILURE
}

/// Makes the files that lie beside a chain.
fn make_files(folder: &Path) -> ExitCode {
    let index = Index::open(folder.join("index")).map(drop);
    let records = Records::open(folder.join("records")).map(drop);
    if index.and(records).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn start(folder: &Path, limit: Option<u32>) -> Child {
    start_as(FOLDER, folder, limit)
}

fn start_as(role: &str, folder: &Path, limit: Option<u32>) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut command = match limit {
        None => Command::new(program),
        // In blocks of 512 bytes. Beyond it a write fails if the signal is ignored.
        Some(limit) => {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\"")]).arg(program);
            command
        }
    };
    command.env(role, folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What is expected of a folder.
#[derive(Default)]
struct Expected {
    map: BTreeMap<Key, Value>,
    blocks: u32,
}

impl Expected {
    /// Compares a folder with the state after the blocks that it says to hold, of which there must be a number.
    fn check(&mut self, folder: &Path, at_least: u32) -> (u32, Duration) {
        let start = Instant::now();
        let disk = Disk::open(folder, SETTINGS).unwrap();
        let opened = start.elapsed();
        let tip = disk.tip().unwrap();
        let blocks = tip.map_or(0, |tip| tip.height + 1);
        assert!(blocks >= at_least, "{at_least} blocks were written, and {blocks} are left");
        assert!(blocks >= self.blocks);
        for height in self.blocks..blocks {
            apply(&mut self.map, &block(height));
            // The roots of all blocks are there, and none of later ones.
            assert!(disk.root(height).unwrap().is_some());
        }
        assert_eq!(disk.root(blocks).unwrap(), None);
        self.blocks = blocks;
        let entries = disk.seek(b"", None, Direction::Forward).map(Result::unwrap);
        assert!(entries.eq(self.map.clone()), "the state is not that after {blocks} blocks");
        if let Some(tip) = tip {
            assert_eq!(tip.root, state_root(&self.map));
            assert_eq!(disk.root(tip.height).unwrap(), Some(tip.root));
            let trie = TrieReader::new(&disk, tip.root);
            let found = trie.find(b"", None).unwrap().map(Result::unwrap);
            assert!(found.eq(self.map.clone()), "the trie is not that after {blocks} blocks");
        }
        (blocks, opened)
    }
}

fn killed(kills: u32) {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Expected::default();
    let mut seed = u64::from(std::process::id()) | 1;
    println!("{kills} kills, with seed {seed}");
    let (mut before_open, mut slowest, mut lost) = (0, Duration::ZERO, 0);
    for _ in 0..kills {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let mut child = start(folder.path(), None);
        let last = Arc::new(Mutex::new(None));
        let reader = thread::spawn({
            let (last, output) = (Arc::clone(&last), BufReader::new(child.stdout.take().unwrap()));
            move || {
                for line in output.lines() {
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = line.ok();
                }
            }
        });
        thread::sleep(Duration::from_micros(seed % 400_000));
        // On Unix this is signal 9.
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap();
        let last = last.lock().unwrap_or_else(PoisonError::into_inner).take();
        before_open += u32::from(last.is_none());
        let written = last.and_then(|line| line.parse().ok()).map_or(0, |height: u32| height + 1);
        let (blocks, opened) = expected.check(folder.path(), written);
        slowest = slowest.max(opened);
        lost += u32::from(blocks < written);
    }
    println!(
        "killed {kills} times, {before_open} of them while the folder was being opened: {} blocks, {lost} lost; the \
         slowest reopening took {slowest:?}",
        expected.blocks
    );
    assert!(expected.blocks > 0, "no block was ever written: the kills came too early");
}

fn two_processes() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(folder.path(), None);
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "open\n");
    let error = Disk::open(&folder, SETTINGS).unwrap_err();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(error, DiskError::InUse(_)));
    println!("two processes: {error}");
    Expected::default().check(folder.path(), 0);
}

/// The limit of the operating system for the size of files stands for a disk that is full.
fn full_disk() {
    if !cfg!(unix) {
        println!("SKIPPED: a full disk: there is no ulimit");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Expected::default();
    let mut before = 0;
    for limit in [4096, 5000, 6000] {
        let mut child = start(folder.path(), Some(limit));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let last = lines.by_ref().last().and_then(|line| line.parse().ok());
        let mut error = String::new();
        child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(
            error.contains(": the disk is full. Blocks written before are safe: make room and start again"),
            "{error}"
        );
        let (blocks, _) = expected.check(folder.path(), last.map_or(0, |height: u32| height + 1));
        println!("a full disk: {} blocks are left: {}", blocks, error.trim());
        assert!(blocks > before || before > 0);
        before = blocks;
        std::io::stdout().flush().unwrap();
    }
}

/// A process that ends while it makes a file beside a chain leaves none of that name: a part of one could not be opened.
fn files_that_were_not_finished() {
    if !cfg!(unix) {
        println!("SKIPPED: files that were not finished: there is no ulimit");
        return;
    }
    let limits = [0, 8, 32, 128, 512];
    let folders = limits.map(|limit| (limit, tempfile::tempdir().unwrap()));
    for (limit, folder) in &folders {
        std::fs::create_dir_all(folder).unwrap();
        let finished = start_as(FILES, folder.path(), Some(*limit)).wait().unwrap().success();
        let [index, records] = ["index", "records"].map(|name| folder.path().join(name));
        assert_eq!([index.exists(), records.exists()], [finished; 2], "{limit}");
        assert_eq!(finished, *limit == 512);
        assert_eq!(Index::open(index).unwrap().height().unwrap(), None);
        assert_eq!(Records::open(records).unwrap().get([0; 32]).unwrap(), None);
    }
    println!("files beside a chain: of those that were not finished nothing was left");
}
