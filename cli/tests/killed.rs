//! Kills `neovm replay` at random moments, and looks at what is left in its folder:
//!
//! ```text
//! cargo test --release -p neovm-cli --test killed -- [--kills 6] [--dump FILE.acc] [--config FILE] [--sync-blocks N]
//! ```
//!
//! After each kill the folder must hold at least the blocks that it held before, and exactly the state, the Ledger's
//! too, and the root that the same blocks lead to in memory. The next replay goes on from there; when one reaches the
//! end of the dump, the folder is deleted and all begins again.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use neovm::{
    Block, Network,
    chain::DumpReader,
    host::genesis_block,
    storage::{ChainState, Direction, FlushPolicy, MemoryPlace, Place, Store, TrieMode},
};
use neovm_disk::{Disk, Settings};
use neovm_node::{Blockchain, config, verify::VerifyLevel};

/// What is replayed.
struct Replay {
    dump: PathBuf,
    config: String,
    sync_blocks: String,
    folder: PathBuf,
}

impl Replay {
    fn start(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
        command.arg("replay").arg(&self.dump).args(["--config", &self.config, "--sync-blocks", &self.sync_blocks]);
        command.arg("--data").arg(&self.folder).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    /// Runs to the end, and returns how long it takes.
    fn run(&self) -> Duration {
        let start = Instant::now();
        let mut child = self.start();
        let mut text = String::new();
        child.stderr.as_mut().expect("a pipe").read_to_string(&mut text).expect("text");
        assert!(child.wait().expect("it ends").success(), "{text}");
        start.elapsed()
    }

    fn delete(&self) {
        _ = fs::remove_dir_all(&self.folder);
    }
}

/// The same chain in memory, which follows what the folder says to hold.
struct Expected {
    network: Arc<Network>,
    blocks: Vec<Block>,
    chain: Blockchain,
}

impl Expected {
    fn new(replay: &Replay) -> Self {
        let network = Arc::new(Network::new(config::load(&replay.config).expect("a configuration")));
        let genesis = genesis_block(network.settings()).expect("a first block");
        let dump = fs::read(&replay.dump).expect("the dump");
        let dumped = DumpReader::new(&dump[..]).expect("a dump").map(|block| block.expect("a block"));
        let mut blocks: Vec<Block> = dumped.collect();
        if blocks[0].index > 0 {
            blocks.insert(0, genesis);
        }
        let chain = Self::empty(&network);
        Self { network, blocks, chain }
    }

    fn empty(network: &Arc<Network>) -> Blockchain {
        let place = Arc::new(MemoryPlace::new(TrieMode::Latest));
        let state = ChainState::open(place, FlushPolicy::ON_DEMAND).expect("memory");
        Blockchain::open(Arc::clone(network), state).expect("an empty chain")
    }

    /// Compares the folder, and returns how many blocks it holds and how long it took to open it.
    fn check(&mut self, folder: &Path) -> (usize, Duration) {
        let start = Instant::now();
        let settings = Settings { network: self.network.settings().network, ..Settings::default() };
        let disk = Disk::open(folder, settings).expect("a folder that was in use can be used");
        let time = start.elapsed();
        let Some(tip) = disk.tip().expect("a last block") else { return (0, time) };
        let count = tip.height as usize + 1;
        let before = self.chain.height().map_or(0, |height| height as usize + 1);
        assert!(count >= before, "blocks were lost: of {before} there are {count}");
        for block in &self.blocks[before..count] {
            let executed = self.chain.execute(block, VerifyLevel::None).expect("a good block");
            self.chain.append(executed, None).expect("memory can be written");
        }
        for (height, root) in self.chain.take_roots(true).expect("roots") {
            assert_eq!(disk.root(height).expect("a root"), Some(root.0), "the root after block {height}");
        }
        assert_eq!(disk.root(tip.height).expect("a root"), Some(tip.root));
        assert_eq!(disk.root(tip.height + 1).expect("no root"), None);
        let entries = |store: &dyn Store| -> Vec<_> {
            store.seek(b"", None, Direction::Forward).map(|entry| entry.expect("an entry")).collect()
        };
        assert!(entries(&disk) == entries(self.chain.state()), "the state after block {}", tip.height);
        (count, time)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let option =
        |name: &str| arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].clone());
    let kills: u32 = option("--kills").map_or(6, |kills| kills.parse().expect("a number of kills"));
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/rich");
    let replay = Replay {
        dump: option("--dump").map_or_else(|| data.join("verd.acc"), PathBuf::from),
        config: option("--config").unwrap_or_else(|| data.join("verd.config.json").to_str().expect("UTF-8").into()),
        sync_blocks: option("--sync-blocks").unwrap_or_else(|| "3".into()),
        folder: Path::new(env!("CARGO_TARGET_TMPDIR")).join("killed"),
    };
    replay.delete();
    let whole = replay.run();
    println!("a replay takes {whole:?}");
    let mut expected = Expected::new(&replay);
    assert_eq!(expected.check(&replay.folder).0, expected.blocks.len());
    replay.delete();
    expected.chain = Expected::empty(&expected.network);

    let mut seed = u64::from(std::process::id()) | 1;
    let (mut ended, mut advanced, mut slowest) = (0, 0, Duration::ZERO);
    for _ in 0..kills {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let mut child = replay.start();
        thread::sleep(whole.mul_f64((seed % 1000) as f64 / 1000.0));
        // On Unix this is signal 9. If it has ended already it counts as no kill, but is checked all the same.
        let is_over = child.try_wait().expect("a state").is_some();
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        if !replay.folder.join("format").exists() {
            continue;
        }
        let before = expected.chain.height();
        let (count, time) = expected.check(&replay.folder);
        slowest = slowest.max(time);
        advanced += u32::from(expected.chain.height() > before);
        if is_over || count == expected.blocks.len() {
            ended += 1;
            replay.delete();
            expected.chain = Expected::empty(&expected.network);
        }
    }
    replay.run();
    assert_eq!(expected.check(&replay.folder).0, expected.blocks.len());
    println!(
        "killed {kills} times, of which {advanced} runs had written blocks and {ended} had written all; none was lost; the \
         slowest reopening took {slowest:?}"
    );
    replay.delete();
}
