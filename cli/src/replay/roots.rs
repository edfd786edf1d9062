//! Expected state roots.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::BufReader,
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use neovm::{Hardfork, Hash256, host::HardforkHeights, types::text::quoted};
use serde::Deserialize;

use crate::lines;

/// The state roots that are expected after blocks.
#[derive(Debug, Default)]
pub(super) struct ExpectedRoots(HashMap<u32, Hash256>);

/// A line in JSON: the root of a block, or those of a chain.
#[derive(Deserialize)]
struct Line {
    block: Option<u32>,
    root: Option<String>,
    file: Option<String>,
    hardforks: Option<BTreeMap<String, u32>>,
    roots: Option<Vec<String>>,
}

/// What lines may be.
const FORMS: &str = "{\"block\",\"root\"}, {\"roots\":[..]} or a height and a root";

impl ExpectedRoots {
    pub(super) fn get(&self, height: u32) -> Option<Hash256> {
        self.0.get(&height).copied()
    }

    fn add(&mut self, height: u32, root: &str) -> Result<()> {
        let root: Hash256 = root.parse().with_context(|| format!("the root {}", quoted(root)))?;
        if let Some(other) = self.0.insert(height, root)
            && other != root
        {
            bail!("the root of block {height} is given twice, as {other} and as {root}");
        }
        Ok(())
    }

    /// Adds the roots of a line, if it is about the chain that is run.
    fn add_line(&mut self, line: &str, dump: &str, heights: &HardforkHeights) -> Result<()> {
        if !line.starts_with('{') {
            let parts = line.split_once(char::is_whitespace).filter(|_| !line.starts_with('['));
            let (height, root) = parts.with_context(|| format!("it is none of {FORMS}"))?;
            let height = height.parse().with_context(|| format!("the height {}", quoted(height)))?;
            return self.add(height, root.trim());
        }
        let Line { block, root, file, hardforks, roots } = lines::parse(line.as_bytes())?;
        if let (Some(block), Some(root)) = (block, root) {
            return self.add(block, &root);
        }
        let roots = roots.with_context(|| format!("it is none of {FORMS}"))?;
        let is_dump = file.is_none_or(|file| file == dump);
        let is_same = |named: BTreeMap<String, u32>| are_same(&named, heights, roots.len());
        if !is_dump || !hardforks.is_none_or(is_same) {
            return Ok(());
        }
        (0..).zip(&roots).try_for_each(|(height, root)| self.add(height, root))
    }
}

/// Whether the same hardforks become active among the first `count` blocks.
fn are_same(named: &BTreeMap<String, u32>, heights: &HardforkHeights, count: usize) -> bool {
    let among = |height: Option<u32>| height.filter(|height| (*height as usize) < count);
    Hardfork::ALL[1..].iter().all(|hardfork| {
        let named = named.iter().find(|(name, _)| name.trim_start_matches("HF_") == hardfork.name());
        among(named.map(|(_, height)| *height)) == among(heights.height(*hardfork))
    })
}

/// Reads the roots that are expected of a dump under a configuration with these hardforks.
pub(super) fn read(path: &Path, dump: &Path, heights: &HardforkHeights) -> Result<ExpectedRoots> {
    let name = path.display();
    let mut input = BufReader::new(File::open(path).with_context(|| format!("cannot read {name}"))?);
    let dump = dump.file_name().unwrap_or_default().to_string_lossy();
    let (mut line, mut number) = (Vec::new(), 0);
    let mut expected = ExpectedRoots::default();
    while let Some(fits) = lines::next_line(&mut input, &mut line).with_context(|| format!("cannot read {name}"))? {
        number += 1;
        let place = || format!("{name}, line {number}");
        ensure!(fits, "{}: it is too long", place());
        let text = str::from_utf8(&line).with_context(place)?.trim();
        if !text.is_empty() {
            expected.add_line(text, &dump, heights).with_context(place)?;
        }
    }
    ensure!(!expected.0.is_empty(), "{name} has no state roots of {dump} under this configuration");
    Ok(expected)
}
