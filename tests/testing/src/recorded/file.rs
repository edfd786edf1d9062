//! Files of recorded outcomes, in chunks that are tests of their own.

use std::{
    fmt,
    io::Read,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use flate2::read::MultiGzDecoder;

/// A file of recorded outcomes.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// The name, without `.jsonl.gz`.
    pub name: &'static str,
    /// The number of lines that the file must have.
    pub lines: usize,
    /// The most lines in a chunk.
    pub chunk: usize,
}

/// Some lines of a file. The file is read when the lines of the first of its chunks are asked for.
#[derive(Clone, Debug)]
pub struct Chunk {
    file: File,
    text: Arc<Text>,
    range: Range<usize>,
}

#[derive(Debug)]
struct Text {
    path: PathBuf,
    lines: OnceLock<Vec<String>>,
}

impl File {
    /// Splits the file, which is in a folder, into chunks.
    pub fn chunks(self, folder: &Path) -> impl Iterator<Item = Chunk> {
        let text = Arc::new(Text { path: folder.join(format!("{}.jsonl.gz", self.name)), lines: OnceLock::new() });
        (0..self.lines).step_by(self.chunk).map(move |start| Chunk {
            file: self,
            text: Arc::clone(&text),
            range: start..(start + self.chunk).min(self.lines),
        })
    }
}

impl Chunk {
    /// Returns the lines, each with its index in the file.
    ///
    /// # Panics
    /// If the file cannot be read or has another number of lines than expected.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines.get_or_init(|| read_gz(&self.text.path).lines().map(str::to_owned).collect());
        assert_eq!(lines.len(), self.file.lines, "lines in {}", self.text.path.display());
        self.range.clone().zip(lines[self.range.clone()].iter().map(String::as_str))
    }
}

/// The numbers of the first and the last line, counted from 1: `00001-01000`.
impl fmt::Display for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:05}-{:05}", self.range.start + 1, self.range.end)
    }
}

/// Reads a gzipped text.
///
/// # Panics
/// If it cannot be read, with its path.
pub fn read_gz(path: &Path) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    MultiGzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text
}
