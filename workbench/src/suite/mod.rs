//! Tests of contracts: files that say which calls are made and what is expected of them, and contracts whose methods
//! are tests. Each test runs on a copy of a chain that its contracts were deployed on.

mod base;
mod blocks;
mod cheats;
mod execute;
mod file;
mod fuzz;
mod methods;
mod node;
mod seeds;
mod steps;
mod value;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use neovm::{Chain, Hash160};

pub use self::{base::Base, fuzz::Effort};
use self::{
    base::{Files, Snapshot},
    execute::{Record, Watch},
    file::TestFile,
    methods::MethodSuite,
    seeds::Seeds,
    steps::{Failure, World},
};
use crate::{coverage::Coverage, files};

/// How the name of a file with tests ends.
const SUFFIX: &str = ".test.toml";

/// The tests of a file, with the chain that each begins with.
#[derive(Debug)]
pub struct Suite {
    /// The path, as it was given.
    pub path: String,
    folder: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    File { text: String, file: Box<TestFile>, chain: Box<Chain<Snapshot>> },
    Methods(Box<MethodSuite>),
}

/// What runs of tests record beside their outcome, and how much is tried.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The gas of each method of a contract that is not native. The test is interpreted then.
    pub gas: bool,
    /// The coverage of the contracts that the files name. The test is interpreted then.
    pub coverage: bool,
    /// How much is tried of tests with parameters.
    pub effort: Effort,
    /// A flag that stops the tests.
    pub interrupt: Option<Arc<AtomicBool>>,
}

/// How a test ended.
#[derive(Clone, Debug)]
pub struct TestReport {
    /// What it failed with: an explanation of several lines, with colours.
    pub failure: Option<String>,
    /// The gas of its calls, in datoshi.
    pub gas: u128,
    /// The calls of contracts' methods, `Token.mint`, and the gas of each, in datoshi, if that was asked for.
    pub calls: Vec<(String, u128)>,
    /// The coverage of the contracts, if that was asked for.
    pub coverage: Vec<(Hash160, Coverage)>,
    /// Whether its gas depends on what was made up.
    pub is_random: bool,
}

/// Returns whether the name of a file is that of one with tests.
pub fn is_test_file(path: &Path) -> bool {
    path.to_string_lossy().ends_with(SUFFIX)
}

/// Returns whether a file is a NEF file whose manifest has methods that are tests. One that cannot be read might have
/// some: [`Suite::load`] says what is wrong with it.
pub fn may_have_test_methods(nef: &Path) -> bool {
    nef.extension().is_some_and(|extension| extension == "nef")
        && Files::read(nef).map_or(true, |files| methods::has_tests(&files))
}

impl Suite {
    /// Reads the tests of a file, deploys their contracts and runs the setup, which the flag stops.
    ///
    /// # Errors
    /// What is wrong, for people, with colours.
    pub fn load(base: &Base, path: &Path, interrupt: Option<&Arc<AtomicBool>>) -> Result<Self, String> {
        let shown = path.display().to_string();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        if path.extension().is_some_and(|extension| extension == "nef") {
            let files = Files::read(path).map_err(|error| title(&error))?;
            if !methods::has_tests(&files) {
                return Err(title(&format!("{shown}: the contract has no method `test*`")));
            }
            let suite = MethodSuite::prepare(base, &files, &folder, &Watch::stopped_by(interrupt));
            let suite = suite.map_err(|error| title(&format!("{shown}: {error}")))?;
            return Ok(Self { path: shown, folder, kind: Kind::Methods(suite.into()) });
        }
        let text = files::read_text(path).map_err(|error| title(&format!("{shown}: {error}")))?;
        let file = TestFile::read(base, &folder, &text).map_err(|problem| problem.render(&shown, &text))?;
        let world = World::prepare(base, &file, &folder, &Watch::stopped_by(interrupt)).map(|world| world.chain);
        let chain = world.map_err(|failure| render(&failure, &shown, &text))?;
        Ok(Self { path: shown, folder, kind: Kind::File { text, file: file.into(), chain: chain.into() } })
    }

    /// The names of the tests, in their order.
    pub fn tests(&self) -> Vec<&str> {
        match &self.kind {
            Kind::File { file, .. } => file.tests.iter().map(|test| test.name.as_str()).collect(),
            Kind::Methods(suite) => suite.tests.iter().map(|test| test.name.as_str()).collect(),
        }
    }

    /// The files that the tests depend on.
    pub fn files(&self) -> Vec<PathBuf> {
        let nefs: Vec<PathBuf> = match &self.kind {
            Kind::File { file, .. } => file.contracts.iter().map(|contract| contract.files.path.clone()).collect(),
            Kind::Methods(_) => self.nefs_beside(),
        };
        let manifests: Vec<PathBuf> = nefs.iter().map(|nef| nef.with_extension("manifest.json")).collect();
        [nefs, manifests, vec![PathBuf::from(&self.path)]].concat()
    }

    /// What a test may deploy by its name.
    fn nefs_beside(&self) -> Vec<PathBuf> {
        let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "nef")).collect()
    }

    /// Runs a test.
    ///
    /// # Panics
    /// If there is no test with this number.
    pub fn run(&self, index: usize, settings: &Settings) -> TestReport {
        let mut record = Record::default();
        let mut watch = Watch { gas: settings.gas, coverage: Vec::new(), interrupt: settings.interrupt.clone() };
        let (failure, is_random) = match &self.kind {
            Kind::File { text, file, chain } => {
                if settings.coverage {
                    let all = file.contracts.iter().map(|contract| (contract.hash, coverage(&contract.files)));
                    watch.coverage = all.collect();
                }
                let mut world = World::over(Chain::clone(chain), file, &self.folder);
                let steps = &file.tests[index].steps;
                let ran = steps.iter().try_for_each(|step| world.step(step, &watch, &mut record));
                (ran.err().map(|failure| render(&failure, &self.path, text)), false)
            }
            Kind::Methods(suite) => {
                if settings.coverage {
                    watch.coverage = self.covered(suite);
                }
                let method = &suite.tests[index];
                let folder = self.folder.join(format!("{}.seeds", stem(&self.path)));
                let path = folder.join(seeds::file_name(&method.name));
                let seeds = Seeds { path, interrupt: settings.interrupt.clone() };
                let readable = seeds.check().map_err(|message| fuzz::Found::without_case(&message));
                let found = if readable.is_err() {
                    readable
                } else if method.name.starts_with("invariant") {
                    suite.check_invariant(method, &settings.effort, &seeds, &watch, &mut record)
                } else if method.parameters.is_empty() {
                    let ran = suite.test(method, Vec::new(), &watch, &mut record);
                    let how = format!("{}()", method.name);
                    ran.map_err(|message| fuzz::Found { message, arguments: Vec::new(), how })
                } else {
                    suite.fuzz(method, &settings.effort, &seeds, &watch, &mut record)
                };
                let is_random = !method.parameters.is_empty() || method.name.starts_with("invariant");
                (found.err().map(|found| explain(suite, &method.name, found, &watch)), is_random)
            }
        };
        TestReport { failure, gas: record.gas, calls: record.calls, coverage: record.coverage, is_random }
    }

    /// The contracts that the setup of a test contract has deployed, as far as their files lie beside it.
    fn covered(&self, suite: &MethodSuite) -> Vec<(Hash160, Coverage)> {
        let beside: Vec<Files> = self.nefs_beside().iter().filter_map(|path| Files::read(path).ok()).collect();
        let of = |(hash, _): &(Hash160, _)| {
            let contract = suite.chain.contract(*hash).ok()??;
            let files = beside.iter().find(|files| files.nef.script == contract.state().nef.script)?;
            Some((*hash, coverage(files)))
        };
        suite.targets.iter().filter_map(of).collect()
    }
}

fn coverage(files: &Files) -> Coverage {
    let name = files.manifest.name.escape_debug().to_string();
    Coverage::new(name, files.nef.script.clone(), &files.manifest.abi.methods, files.debug.clone())
}

fn stem(path: &str) -> String {
    Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// An error without a place.
fn title(message: &str) -> String {
    use annotate_snippets::{Group, Level, Renderer};
    Renderer::styled().render(&[Group::with_title(Level::ERROR.primary_title(message))]) + "\n"
}

fn render(failure: &Failure, path: &str, text: &str) -> String {
    let mut out = failure.problem.render(path, text);
    if let Some(tree) = &failure.tree {
        out += "\n";
        out += tree;
    }
    out
}

fn explain(suite: &MethodSuite, method: &str, found: fuzz::Found, watch: &Watch) -> String {
    let mut out = title(&found.message);
    out += &found.how;
    out += "\n";
    if !method.starts_with("invariant")
        && let Ok(tree) = suite.tree(method, found.arguments, watch)
    {
        out += "\n";
        out += &tree;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::node::Problem;

    #[test]
    fn a_problem_is_shown_at_its_place() {
        let text = "[[test]]\nname = 5\n";
        let shown = Problem::new(&(16..17), "a text is expected").label("here").render("a.test.toml", text);
        assert!(shown.contains("a.test.toml:2:8"), "{shown}");
    }
}
