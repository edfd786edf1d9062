//! Debug information beside a contract.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use neovm_workbench::DebugInfo;

use crate::{
    input::{self, MAX_TEXT, Program},
    terminal,
};

/// Where debug information is.
#[derive(clap::Args)]
pub(crate) struct DebugInfoArgs {
    /// The debug information of the compiler; X.nefdbgnfo or X.debug.json beside X.nef
    /// unless given
    #[arg(long, value_name = "FILE")]
    debug_info: Option<PathBuf>,
    /// The folder of the sources; that of the debug information unless given. No other
    /// file is read
    #[arg(long, value_name = "FOLDER")]
    source: Option<PathBuf>,
}

impl DebugInfoArgs {
    /// Reads the debug information, if there is some. What was not asked for and cannot
    /// be read is warned of, and so is that of another script.
    pub(crate) fn read(&self, program: &Program) -> Result<Option<Arc<DebugInfo>>> {
        let info = self.find(program)?;
        if info.as_ref().and_then(|info| info.hash).is_some_and(|hash| hash != program.script.hash()) {
            terminal::warn("the debug information is that of another script: places may be wrong");
        }
        Ok(info)
    }

    fn find(&self, program: &Program) -> Result<Option<Arc<DebugInfo>>> {
        if let Some(path) = &self.debug_info {
            return read(path).map(Some);
        }
        let Some(nef) = program.path.as_deref().filter(|_| program.nef.is_some()) else { return Ok(None) };
        let beside = ["nefdbgnfo", "debug.json"].map(|extension| nef.with_extension(extension));
        let Some(path) = beside.iter().find(|path| path.exists()) else { return Ok(None) };
        let info = read(path).inspect_err(|error| terminal::warn(&format!("{error:#}; it is not used")));
        Ok(info.ok())
    }
}

fn read(path: &Path) -> Result<Arc<DebugInfo>> {
    let bytes = input::read_limited(path, MAX_TEXT)?;
    Ok(Arc::new(DebugInfo::read(&bytes).with_context(|| input::name_of(path))?))
}

/// A source that is found.
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl DebugInfoArgs {
    /// The documents, as far as they are found in the folder of the sources. Debug
    /// information may name any file: those outside of the folder are not read.
    pub(crate) fn sources(&self, info: &DebugInfo, program: &Program) -> Vec<Option<SourceFile>> {
        let beside = self.debug_info.as_deref().or(program.path.as_deref()).and_then(Path::parent);
        let folder = self.source.as_deref().or(beside);
        // The folder of a name without one.
        let folder = folder.map(|folder| if folder == Path::new("") { Path::new(".") } else { folder });
        let folder = folder.and_then(|folder| fs::canonicalize(folder).ok());
        let root = info.root.as_deref().unwrap_or_default();
        // What all sources may have together, in bytes.
        let mut left = MAX_TEXT as u64;
        let file = |path: &String| find_source(folder.as_ref()?, root, path, &mut left);
        info.documents.iter().map(file).collect()
    }
}

/// Finds a document in a folder: where the compiler read it, or by the end of its path.
fn find_source(folder: &Path, root: &str, document: &str, left: &mut u64) -> Option<SourceFile> {
    /// How many folders deep sources are looked for.
    const MAX_PARTS: usize = 32;
    let parts: Vec<&str> = document.split(['/', '\\']).collect();
    let ends = (parts.len().saturating_sub(MAX_PARTS)..parts.len()).map(|first| folder.join(parts[first..].join("/")));
    let places = [Path::new(root).join(document)].into_iter().chain(ends);
    places.into_iter().find_map(|place| {
        let path = fs::canonicalize(place).ok().filter(|path| path.starts_with(folder))?;
        let is_small = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= *left);
        let text = is_small.then(|| fs::read_to_string(&path).ok())??;
        *left = left.saturating_sub(text.len() as u64);
        Some(SourceFile { path, text })
    })
}
