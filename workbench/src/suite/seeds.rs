//! The seeds of failures of tests with parameters, in a file beside the test.

use std::{
    fmt::{Debug, Write as _},
    fs,
    io::{self, Write as _},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use proptest::test_runner::{FailurePersistence, PersistedSeed};

use crate::files::{self, refuse_link};

/// The file that keeps the seeds of a test: one on a line, with what it led to behind it. Nothing is written once the
/// flag is set: what a test that was stopped ended with is no failure.
#[derive(Clone, Debug)]
pub(crate) struct Seeds {
    pub(crate) path: PathBuf,
    pub(crate) interrupt: Option<Arc<AtomicBool>>,
}

/// The name of the file for a method. A manifest names methods as it likes, a path among others, so only letters,
/// digits and `_` stay as they are.
pub(crate) fn file_name(method: &str) -> String {
    let mut name = String::with_capacity(method.len());
    for byte in method.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            name.push(byte.into());
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
    }
    name + ".txt"
}

impl Seeds {
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// The text of the file; none if there is no file.
    fn read(&self) -> io::Result<String> {
        refuse_link(&self.path)?;
        self.path.parent().map_or(Ok(()), refuse_link)?;
        match files::read_text(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            text => text,
        }
    }

    /// Checks that what is kept can be tried.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn check(&self) -> Result<(), String> {
        let wrong = |why: &dyn std::fmt::Display| format!("the kept seeds, {}: {why}", self.path.display());
        let text = self.read().map_err(|error| wrong(&error))?;
        let is_none = |line: &str| !line.is_empty() && line.parse::<PersistedSeed>().is_err();
        let bad = text.lines().position(|line| is_none(line.split('#').next().unwrap_or_default().trim()));
        bad.map_or(Ok(()), |line| Err(wrong(&format_args!("line {} is no seed", line + 1))))
    }

    fn append(&self, seed: &PersistedSeed, smallest: &dyn Debug) -> io::Result<()> {
        let text = self.read()?;
        if seeds(&text).contains(seed) {
            return Ok(());
        }
        self.path.parent().map_or(Ok(()), fs::create_dir_all)?;
        let mut file = fs::OpenOptions::new().append(true).create(true).open(&self.path)?;
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        file.write_all(format!("{end}{seed} # {smallest:?}\n").as_bytes())
    }
}

fn seeds(text: &str) -> Vec<PersistedSeed> {
    text.lines().filter_map(|line| line.split('#').next()?.trim().parse().ok()).collect()
}

impl FailurePersistence for Seeds {
    fn load_persisted_failures2(&self, _: Option<&'static str>) -> Vec<PersistedSeed> {
        seeds(&self.read().unwrap_or_default())
    }

    /// What cannot be written is found again, or not.
    fn save_persisted_failure2(&mut self, _: Option<&'static str>, seed: PersistedSeed, smallest: &dyn Debug) {
        if !self.is_interrupted() {
            let _ = self.append(&seed, smallest);
        }
    }

    fn box_clone(&self) -> Box<dyn FailurePersistence> {
        Box::new(self.clone())
    }

    fn eq(&self, other: &dyn FailurePersistence) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.path == self.path)
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_methods_are_no_paths() {
        assert_eq!(file_name("test_Small1"), "test_Small1.txt");
        assert_eq!(file_name("test/../\u{e9}"), "test%2F%2E%2E%2F%C3%A9.txt");
    }
}
