//! `docs/dependencies.md` has a row for each dependency of each crate.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use neovm_testing::project;
use toml::{Table, Value};

/// For each crate, what the table of the document says it depends on; "tests" and "several" stand there too.
fn rows() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(project().join("docs/dependencies.md")).unwrap();
    let table = text.split("\n## Direct dependencies\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let (mut rows, mut owner) = (BTreeMap::<_, BTreeSet<_>>::new(), String::new());
    for line in table.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if !cells[1].is_empty() {
            owner = cells[1].replace('`', "");
        }
        let names = cells[2].split('`').skip(1).step_by(2).map(str::to_owned);
        rows.entry(owner.clone()).or_default().extend(names);
    }
    rows
}

/// The crates of others that a table of a manifest asks for.
fn asked_for(table: Option<&Value>) -> impl Iterator<Item = &str> {
    let dependencies = table.and_then(Value::as_table).into_iter().flatten();
    dependencies.map(|(name, _)| name.as_str()).filter(|name| !name.starts_with("neovm"))
}

/// Adds what a manifest asks for and the document does not have.
fn compare(folder: &str, rows: &BTreeMap<String, BTreeSet<String>>, missing: &mut Vec<String>) {
    let text = fs::read_to_string(project().join(folder).join("Cargo.toml")).unwrap();
    let manifest: Table = text.parse().unwrap();
    let name = if folder == "." { "neovm" } else { folder };
    let has = |owner: &str, dependency: &str| rows.get(owner).is_some_and(|names| names.contains(dependency));
    let is_for_tests = Path::new(folder).starts_with("tests");
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    for table in targets.filter_map(Value::as_table).chain([&manifest]) {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let of_tests = is_for_tests || kind == "dev-dependencies";
            for dependency in asked_for(table.get(kind)) {
                let is_there =
                    has(name, dependency) || has("several", dependency) || of_tests && has("tests", dependency);
                if !is_there {
                    missing.push(format!("{name}: {dependency}, of its {kind}"));
                }
            }
        }
    }
}

#[test]
fn each_dependency_has_a_row() {
    let rows = rows();
    let workspace: Table = fs::read_to_string(project().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap().iter().filter_map(Value::as_str);
    let folders: Vec<_> = members.chain([".", "fuzz"]).collect();
    let mut missing = Vec::new();
    folders.iter().for_each(|folder| compare(folder, &rows, &mut missing));
    assert!(missing.is_empty(), "docs/dependencies.md lacks:\n{}", missing.join("\n"));
    assert!(rows.len() > 15 && folders.len() > 20, "{} rows, {} crates", rows.len(), folders.len());
}
