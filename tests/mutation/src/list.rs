//! The list of mutants.

use std::{collections::BTreeSet, error::Error, fs, path::Path};

use serde::Deserialize;

/// The path of the list in the project.
const FILE: &str = "tests/mutation/mutants.toml";

/// A way to break the engine, by replacing one text in one file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    /// The part of the engine that the mutant belongs to.
    pub(crate) family: String,
    pub(crate) file: String,
    /// The text to replace, which must occur exactly once in the file.
    from: String,
    to: String,
    /// What is wrong with the mutated engine.
    pub(crate) why: String,
    /// The test that was added because no test noticed the mutant at first.
    pub(crate) gap: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

impl Mutant {
    /// Applies the mutant to the text of its file.
    pub(crate) fn apply(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.from).count() {
            1 => Ok(text.replacen(&self.from, &self.to, 1)),
            count => Err(format!("{}: its text occurs {count} times in {}, expected once", self.name, self.file)),
        }
    }

    /// Returns whether `name` is the name of the mutant or of its family.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.family == name
    }
}

/// Reads the list of mutants in a checkout.
pub(crate) fn read(root: &Path) -> Result<Vec<Mutant>, Box<dyn Error>> {
    Ok(toml::from_str::<List>(&fs::read_to_string(root.join(FILE))?)?.mutant)
}

/// Returns the problems of a list: duplicate names, and texts that do not occur exactly once.
pub(crate) fn check(root: &Path, mutants: &[Mutant]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let problem = |mutant: &Mutant| match fs::read_to_string(root.join(&mutant.file)) {
        Err(error) => Some(format!("{}: {}: {error}", mutant.name, mutant.file)),
        Ok(text) => match mutant.apply(&text) {
            Ok(mutated) if mutated == text => Some(format!("{}: the mutant changes nothing", mutant.name)),
            Ok(_) => None,
            Err(problem) => Some(problem),
        },
    };
    let twice = |mutant: &&Mutant| !names.insert(mutant.name.clone());
    let twice: Vec<_> =
        mutants.iter().filter(twice).map(|mutant| format!("{}: the name is used twice", mutant.name)).collect();
    mutants.iter().filter_map(problem).chain(twice).collect()
}

#[cfg(test)]
mod tests {
    use crate::root;

    #[test]
    fn each_mutant_has_its_place() {
        let mutants = super::read(&root()).unwrap();
        assert!(mutants.len() >= 50, "{} mutants", mutants.len());
        let problems = super::check(&root(), &mutants);
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
