//! Measures the disk on the access patterns of a chain: `measure state|nodes|chain ENTRIES FOLDER`.
//!
//! - `state`: point reads, ordered seeks both ways and commits of a state of ENTRIES balances.
//! - `nodes`: the nodes of its trie by position, as they are kept, and by hash with reference counts, as the reference
//!   node keeps them: the same blocks, with as many blocks to a commit.
//! - `chain`: a chain of blocks of 20 transfers between ENTRIES accounts, with state roots.

use std::{
    collections::{BTreeMap, HashMap},
    error::Error,
    fs,
    path::Path,
    sync::Arc,
    time::Instant,
};

use neovm_disk::{Disk, Settings};
use neovm_storage::{
    Batch, ChainState, Direction, FlushPolicy, Key, NodeChanges, NodeHash, Nodes, Position, Store, StoreError, Trie,
    TrieMode, Value,
};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// The key of an account's balance: 25 bytes.
fn balance(account: u64) -> Key {
    Key::new(-6, &[&[20], &neovm_crypto::sha256(&account.to_le_bytes())[..20]].concat())
}

/// The keys of the accounts whose hash begins with the digit `part`, in order: a state filled so is written from one end to the
/// other, which a large one is many times sooner.
fn balances(accounts: u64, part: u8) -> Vec<Key> {
    let mut keys: Vec<_> = (0..accounts).map(balance).filter(|key| key.local()[1] >> 4 == part).collect();
    keys.sort_unstable();
    keys
}

fn amount(numbers: &mut Numbers) -> Value {
    [&[0x41, 1, 0x21, 8][..], &numbers.next(u64::MAX).to_le_bytes()].concat().into()
}

/// What a block of 20 transfers changes: two balances a transfer, and a record of the Ledger of 250 bytes.
fn block(height: u32, accounts: u64, numbers: &mut Numbers) -> Batch {
    let mut changes = BTreeMap::new();
    for transaction in 0..20_u32 {
        for _ in 0..2 {
            changes.insert(balance(numbers.next(accounts)), Some(amount(numbers)));
        }
        let hash = neovm_crypto::sha256(&[height.to_le_bytes(), transaction.to_le_bytes()].concat());
        changes.insert(Key::new(-4, &[&[11], &hash[..]].concat()), Some(vec![7; 250].into()));
    }
    changes.into_iter().collect()
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, entries, folder] = &arguments[..] else { return Err("measure state|nodes|chain ENTRIES FOLDER".into()) };
    let (entries, folder) = (entries.parse()?, Path::new(folder));
    _ = fs::remove_dir_all(folder);
    match what.as_str() {
        "state" => state(entries, folder)?,
        "nodes" => nodes(entries, folder)?,
        "chain" => chain(entries, folder)?,
        _ => return Err("measure what?".into()),
    }
    fs::remove_dir_all(folder)?;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    Ok(())
}

/// The processor time of this process in seconds, and the bytes that it has written to disk.
fn used() -> (f64, f64) {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let stat = read("/proc/self/stat");
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap_or("").split(' ').filter_map(|field| field.parse().ok()).collect();
    let written = read("/proc/self/io");
    let written = written.lines().find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok());
    // User and system time in hundredths of a second.
    (fields.get(10..12).map_or(0.0, |times| times.iter().sum::<f64>() / 100.0), written.unwrap_or(0.0))
}

/// Prints how long something takes.
fn timed<T>(what: &str, count: u64, action: impl FnOnce() -> Result<T>) -> Result<T> {
    let (start, (processor, written)) = (Instant::now(), used());
    let result = action()?;
    let time = start.elapsed().as_secs_f64();
    let (processor, written) = (used().0 - processor, used().1 - written);
    println!(
        "{what}: {:.2} us, {:.2} us of processor time and {:.0} bytes written each; {time:.3} s",
        time * 1e6 / count as f64,
        processor * 1e6 / count as f64,
        written / count as f64,
    );
    Ok(result)
}

fn settings(trie_mode: TrieMode) -> Settings {
    Settings { network: 42, trie_mode, cache: 256 << 20, limit: None }
}

fn state(entries: u64, folder: &Path) -> Result<()> {
    let mut numbers = Numbers(7);
    let open = || Disk::open(folder, settings(TrieMode::None)).map(Arc::new);
    let mut chain = ChainState::open(open()?, FlushPolicy { blocks: 1, ..FlushPolicy::ON_DEMAND })?;
    let all: BTreeMap<Key, Option<Value>> = (0..entries).map(|n| (balance(n), Some(amount(&mut numbers)))).collect();
    timed("fill, an entry", entries, || {
        Ok(chain.append(0, Arc::new(all.into_iter().collect()), None).and_then(|()| chain.flush())?)
    })?;
    for height in 1..21 {
        let batch: BTreeMap<_, _> =
            (0..1000).map(|_| (balance(numbers.next(entries)), Some(amount(&mut numbers)))).collect();
        let batch = Arc::new(batch.into_iter().collect());
        timed("a commit of one block with 1,000 entries", 1, || {
            Ok(chain.append(height, batch, None).and_then(|()| chain.flush())?)
        })?;
    }
    drop(chain);
    let disk = timed("opening", 1, || Ok(open()?))?;
    for round in 0..2 {
        timed(&format!("get, round {round}"), 200_000, || {
            for _ in 0..200_000 {
                disk.get(&balance(numbers.next(entries)))?.ok_or("an entry is missing")?;
            }
            Ok(())
        })?;
    }
    timed("get of what is not there", 200_000, || {
        for _ in 0..200_000 {
            assert!(disk.get(&balance(entries + numbers.next(entries)))?.is_none());
        }
        Ok(())
    })?;
    for direction in [Direction::Forward, Direction::Backward] {
        timed(&format!("seek of 20 entries, {direction:?}"), 50_000, || {
            for _ in 0..50_000 {
                let from = balance(numbers.next(entries));
                let count =
                    disk.seek(&from[..5], Some(&from), direction).take(20).filter(std::result::Result::is_ok).count();
                assert!(count > 0);
            }
            Ok(())
        })?;
    }
    println!("file: {:.1} MB", fs::metadata(folder.join("chain.redb"))?.len() as f64 / 1e6);
    Ok(())
}

const BY_POSITION: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("by position");
const BY_HASH: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("by hash");

/// Nodes in a database of their own, read as the trie needs them.
struct Kept(Database);

impl Nodes for &Kept {
    fn node(&self, position: &Position, _: &NodeHash) -> std::result::Result<Option<Value>, StoreError> {
        let read = || -> std::result::Result<Option<Value>, redb::Error> {
            let transaction = self.0.begin_read()?;
            let table = match transaction.open_table(BY_POSITION) {
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                table => table?,
            };
            Ok(table.get(&position[..])?.map(|node| node.value().into()))
        };
        read().map_err(|error| StoreError(error.to_string()))
    }
}

fn by_position(database: &Database, changes: &NodeChanges) -> Result<()> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let mut table = transaction.open_table(BY_POSITION)?;
        for position in &changes.removed {
            table.remove(&position[..])?;
        }
        let mut written: Vec<_> = changes.written.iter().collect();
        written.sort_unstable_by(|a, b| a.position.cmp(&b.position));
        for node in written {
            table.insert(&node.position[..], &node.bytes[..])?;
        }
    }
    Ok(transaction.commit()?)
}

/// One commit of the reference's form: the bytes of a node and the number of its positions.
fn by_hash(database: &Database, hashes: &mut HashMap<Position, NodeHash>, changes: &NodeChanges) -> Result<()> {
    let mut counts: BTreeMap<NodeHash, (i64, Option<&[u8]>)> = BTreeMap::new();
    for position in &changes.removed {
        if let Some(hash) = hashes.remove(position) {
            counts.entry(hash).or_default().0 -= 1;
        }
    }
    for node in &changes.written {
        if let Some(hash) = hashes.insert(node.position.clone(), node.hash) {
            counts.entry(hash).or_default().0 -= 1;
        }
        let count = counts.entry(node.hash).or_default();
        *count = (count.0 + 1, Some(&node.bytes));
    }
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let mut table = transaction.open_table(BY_HASH)?;
        for (hash, (delta, bytes)) in counts.into_iter().filter(|(_, (delta, _))| *delta != 0) {
            let (count, bytes) = match table.get(&hash[..])? {
                Some(kept) => {
                    let (bytes, count) = kept.value().split_last_chunk::<4>().ok_or("a node without a count")?;
                    (i64::from(u32::from_le_bytes(*count)), bytes.to_vec())
                }
                None => (0, bytes.ok_or("a node is missing")?.to_vec()),
            };
            match count + delta {
                0 => drop(table.remove(&hash[..])?),
                count => drop(table.insert(&hash[..], &[&bytes[..], &(count as u32).to_le_bytes()].concat()[..])?),
            }
        }
    }
    Ok(transaction.commit()?)
}

fn nodes(entries: u64, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let database = |name: &str| Database::builder().set_cache_size(256 << 20).create(folder.join(name));
    let kept = Kept(database("position")?);
    let hashed = database("hash")?;
    let mut hashes = HashMap::new();
    let mut numbers = Numbers(7);
    let mut trie = Trie::new(&kept, None);
    let all: BTreeMap<Key, Value> = (0..entries).map(|n| (balance(n), amount(&mut numbers))).collect();
    timed(
        "fill of the trie, an entry",
        entries,
        || Ok(trie.apply(all.iter().map(|(key, value)| (key, Some(value))))?),
    )?;
    let mut height = 0;
    for (blocks, rounds) in [(0, 1), (1, 5), (100, 3), (1000, 3)] {
        for _ in 0..rounds {
            let start = Instant::now();
            for _ in 0..blocks {
                let changes = block(height, entries, &mut numbers);
                let changes = changes.iter().filter(|(key, _)| key.contract() != -4);
                trie.apply(changes.map(|(key, value)| (key, value.as_ref())))?;
                height += 1;
            }
            let changes = trie.save();
            println!(
                "{blocks} blocks: {:.3} s in the trie, {} nodes",
                start.elapsed().as_secs_f64(),
                changes.written.len()
            );
            timed("  by position", 1, || by_position(&kept.0, &changes))?;
            timed("  by hash with counts", 1, || by_hash(&hashed, &mut hashes, &changes))?;
            trie.shrink(200_000);
        }
    }
    for name in ["position", "hash"] {
        println!("{name}: {:.1} MB", fs::metadata(folder.join(name))?.len() as f64 / 1e6);
    }
    Ok(())
}

fn chain(entries: u64, folder: &Path) -> Result<()> {
    let open = || Disk::open(folder, Settings { cache: 128 << 20, ..settings(TrieMode::Latest) }).map(Arc::new);
    let size = || fs::metadata(folder.join("chain.redb")).map(|file| file.len() as f64 / 1e6);
    let mut chain = ChainState::open(open()?, FlushPolicy::default())?;
    let mut numbers = Numbers(7);
    timed("fill, an entry", entries, || {
        let mut heights = 0..;
        for part in 0..16 {
            for keys in balances(entries, part).chunks(1_000) {
                let all: Batch = keys.iter().map(|key| (key.clone(), Some(amount(&mut numbers)))).collect();
                chain.append(heights.next().ok_or("heights end")?, Arc::new(all), None)?;
            }
        }
        Ok(chain.flush()?)
    })?;
    println!("file: {:.1} MB", size()?);
    drop(chain);
    let mut chain = ChainState::open(timed("opening", 1, || Ok(open()?))?, FlushPolicy::default())?;
    for round in 0..5 {
        let blocks: Vec<_> =
            (0..2000).map(|height| Arc::new(block(round * 2000 + height, entries, &mut numbers))).collect();
        timed("a block of 20 transfers", 2000, || {
            for changes in blocks {
                let height = chain.height().map_or(0, |height| height + 1);
                for (key, _) in changes.iter() {
                    chain.get(key)?;
                }
                chain.append(height, changes, None)?;
            }
            Ok(chain.flush()?)
        })?;
        println!("file: {:.1} MB", size()?);
    }
    Ok(())
}
