//! Which files have tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, ensure};
use neovm_workbench::suite::{is_test_file, may_have_test_methods};

use crate::input;

/// How deep folders are searched.
const MAX_DEPTH: usize = 16;

/// Returns the files with tests, in order. One that is named must have some.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            search(path, 0, &mut found)?;
        } else {
            let name = input::name_of(path);
            ensure!(path.try_exists().with_context(|| format!("cannot read {name}"))?, "no such file: {name}");
            let is_nef = path.extension().is_some_and(|extension| extension == "nef");
            ensure!(is_nef || is_test_file(path), "{name} is neither X.test.toml nor X.nef");
            found.push(path.clone());
        }
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        let all: Vec<String> = paths.iter().map(|path| input::name_of(path)).collect();
        return Err(anyhow!(
            "there are no tests in {}: no X.test.toml, and no X.nef with methods test*",
            all.join(", ")
        ));
    }
    Ok(found)
}

fn search(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", input::name_of(folder)))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", input::name_of(folder)))?;
        let (name, path) = (entry.file_name(), entry.path());
        // Without `./` in front, as people would type it.
        let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
        let is_skipped = name.to_string_lossy().starts_with('.') || name == "target" || name == "node_modules";
        // Links to folders are not followed: they may lead in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !is_skipped && depth < MAX_DEPTH {
                search(&path, depth + 1, found)?;
            }
        } else if is_test_file(&path) || may_have_test_methods(&path) {
            found.push(path);
        }
    }
    Ok(())
}
