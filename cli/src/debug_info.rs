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

/// The texts of the documents, as far as they are found: where the compiler read them,
/// or beside the contract.
pub(crate) fn sources(info: &DebugInfo, program: &Program) -> Vec<Option<String>> {
    let beside = program.path.as_deref().and_then(Path::parent);
    let root = info.root.as_deref().map(Path::new);
    let text = |(document, path): (usize, &String)| {
        let places = [
            Some(root.map_or_else(|| path.into(), |root| root.join(path))),
            beside.map(|folder| folder.join(info.short_name(document))),
        ];
        places.into_iter().flatten().find_map(|place| {
            let is_small = fs::metadata(&place).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_TEXT as u64);
            is_small.then(|| fs::read_to_string(place).ok())?
        })
    };
    info.documents.iter().enumerate().map(text).collect()
}
