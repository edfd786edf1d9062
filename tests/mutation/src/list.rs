//! The list of mutants.

use std::{collections::BTreeSet, error::Error, fs, path::Path};

use serde::Deserialize;

/// The list's place in the project.
const FILE: &str = "tests/mutation/mutants.toml";

/// A way to break the engine: one place of a file is written otherwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    /// What of the engine it is about.
    pub(crate) family: String,
    pub(crate) file: String,
    /// A text that is in the file once.
    from: String,
    to: String,
    /// What is wrong then.
    pub(crate) why: String,
    /// The test that was written for it, where none noticed it at first.
    pub(crate) gap: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

impl Mutant {
    /// The file's text with the mutant in it.
    pub(crate) fn apply(&self, text: &str) -> Result<String, String> {
        match text.matches(&self.from).count() {
            1 => Ok(text.replacen(&self.from, &self.to, 1)),
            count => Err(format!("{}: its text is {count} times in {}, not once", self.name, self.file)),
        }
    }

    /// Whether a name stands for it: its own, or that of its family.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.family == name
    }
}

/// The mutants of a checkout.
pub(crate) fn read(root: &Path) -> Result<Vec<Mutant>, Box<dyn Error>> {
    Ok(toml::from_str::<List>(&fs::read_to_string(root.join(FILE))?)?.mutant)
}

/// What is wrong with a list: names that are there twice, texts that are not there once.
pub(crate) fn check(root: &Path, mutants: &[Mutant]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let problem = |mutant: &Mutant| match fs::read_to_string(root.join(&mutant.file)) {
        Err(error) => Some(format!("{}: {}: {error}", mutant.name, mutant.file)),
        Ok(text) => match mutant.apply(&text) {
            Ok(mutated) if mutated == text => Some(format!("{}: it changes nothing", mutant.name)),
            Ok(_) => None,
            Err(problem) => Some(problem),
        },
    };
    let twice = |mutant: &&Mutant| !names.insert(mutant.name.clone());
    let twice: Vec<_> =
        mutants.iter().filter(twice).map(|mutant| format!("{}: it is there twice", mutant.name)).collect();
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
