//! Coverage in files, to be merged with that of other runs.

use neovm::{
    Script,
    types::{
        hash::hash160,
        json::file::{JsonFileError, read},
    },
};
use serde::{Deserialize, Serialize};

use super::{Branch, Coverage};

/// What the field `format` says.
const FORMAT: &str = "neovm coverage 1";

/// A file of coverage.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    name: String,
    /// The hash of the script.
    script: String,
    /// Positions and counts.
    hits: Vec<(usize, u64)>,
    /// Positions, how often the branch was taken, and how often not.
    branches: Vec<(usize, u64, u64)>,
}

/// Why a file cannot be merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CoverageFileError {
    /// The text is not the JSON of a file of coverage; says at which line and column.
    #[error("the file is not as it should be")]
    Json(#[from] JsonFileError),
    /// The file has another format.
    #[error("the format is {0:?}, not {FORMAT:?}")]
    Format(String),
    /// The file is that of another script.
    #[error("the file belongs to another script, {name} with the hash {hash}")]
    OtherScript {
        /// The name in the file.
        name: String,
        /// The hash of its script.
        hash: String,
    },
    /// A position is behind the script.
    #[error("position {0} is behind the script")]
    Position(usize),
}

impl Coverage {
    /// Returns the text of a file.
    ///
    /// # Panics
    /// Never: numbers and texts can be written as JSON.
    pub fn to_file(&self) -> String {
        let file = File {
            format: FORMAT.into(),
            name: self.name.clone(),
            script: script_hash(&self.script),
            hits: self.hits.iter().map(|(position, count)| (*position, *count)).collect(),
            branches: self.branches.iter().map(|(position, it)| (*position, it.taken, it.passed)).collect(),
        };
        serde_json::to_string(&file).expect("numbers and texts") + "\n"
    }

    /// Adds what a file of the same script says.
    ///
    /// # Errors
    /// [`CoverageFileError`]; nothing is added then.
    pub fn merge_file(&mut self, text: &[u8]) -> Result<(), CoverageFileError> {
        let file: File = read(text)?;
        if file.format != FORMAT {
            return Err(CoverageFileError::Format(file.format));
        }
        if file.script != script_hash(&self.script) {
            return Err(CoverageFileError::OtherScript { name: file.name, hash: file.script });
        }
        let positions = file.hits.iter().map(|hit| hit.0).chain(file.branches.iter().map(|branch| branch.0));
        if let Some(position) = positions.into_iter().find(|position| *position > self.script.len()) {
            return Err(CoverageFileError::Position(position));
        }
        let branch = |(position, taken, passed)| (position, Branch { taken, passed });
        let (hits, branches) = (file.hits.into_iter().collect(), file.branches.into_iter().map(branch).collect());
        self.merge(&Self { hits, branches, ..self.clone() });
        Ok(())
    }
}

fn script_hash(script: &Script) -> String {
    hash160(script.bytes()).to_string()
}
