//! What the documents of the project point to exists: files and headings that they link to, and
//! files and folders that they name in code spans.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use neovm_testing::project;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Folders that are not part of the project, or that others fill.
const SKIPPED: [&str; 2] = ["target", ".git"];

/// What a document points to, and the slugs of its headings.
#[derive(Default)]
struct Document {
    links: Vec<String>,
    code: Vec<String>,
    headings: BTreeSet<String>,
}

impl Document {
    fn parse(text: &str) -> Self {
        let mut document = Self::default();
        // The text of the heading that is being read.
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.into());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => document.add_heading(&heading.take().unwrap_or_default()),
                Event::Text(text) => heading.iter_mut().for_each(|heading| heading.push_str(&text)),
                Event::Code(text) => {
                    heading.iter_mut().for_each(|heading| heading.push_str(&text));
                    document.code.push(text.into());
                }
                _ => {}
            }
        }
        document
    }

    /// Adds the slug that GitHub gives a heading: of headings alike, the second ends in `-1`.
    fn add_heading(&mut self, text: &str) {
        let kept = |c: &char| c.is_alphanumeric() || ['-', '_', ' '].contains(c);
        let slug: String = text.trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-");
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        let free = std::iter::once(slug.clone()).chain(numbered).find(|slug| !self.headings.contains(slug));
        self.headings.extend(free);
    }
}

/// Adds the Markdown files in a folder and the folders in it.
fn list(folder: &Path, documents: &mut BTreeMap<PathBuf, Document>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !SKIPPED.iter().any(|name| path.ends_with(name)) {
                list(&path, documents);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let document = Document::parse(&fs::read_to_string(&path).unwrap());
            documents.insert(fs::canonicalize(path).unwrap(), document);
        }
    }
}

/// Returns the path of the project that a code span names, if it names one: relative to the
/// document, or from the project's folder down.
fn named_path(root: &Path, document: &Path, code: &str) -> Option<PathBuf> {
    if code.contains(|c: char| c.is_whitespace() || "*{<>$=".contains(c)) {
        return None;
    }
    if code.starts_with("../") {
        // Beside the project.
        let is_outside = code.starts_with("../shared");
        return (!is_outside).then(|| document.parent().unwrap().join(code));
    }
    let first = code.split_once('/')?.0;
    let is_ours = root.join(first).is_dir() && !SKIPPED.contains(&first);
    is_ours.then(|| root.join(code))
}

#[test]
fn documents_point_to_what_exists() {
    let root = fs::canonicalize(project()).unwrap();
    let mut documents = BTreeMap::new();
    list(&root, &mut documents);
    let (mut checked, mut dangling) = (0, Vec::new());
    for (path, document) in &documents {
        let name = path.strip_prefix(&root).unwrap().display();
        for link in document.links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            checked += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let Ok(target) = fs::canonicalize(target) else {
                dangling.push(format!("{name}: {link}: no such file"));
                continue;
            };
            let is_heading = |other: &Document| other.headings.contains(anchor);
            if !anchor.is_empty() && !documents.get(&target).is_some_and(is_heading) {
                dangling.push(format!("{name}: {link}: no such heading"));
            }
        }
        for code in &document.code {
            let Some(file) = named_path(&root, path, code) else { continue };
            checked += 1;
            if !file.exists() {
                dangling.push(format!("{name}: `{code}`: no such file"));
            }
        }
    }
    assert!(checked > 100, "only {checked} links and paths were found");
    assert!(dangling.is_empty(), "{}", dangling.join("\n"));
}

#[test]
fn slugs_are_those_of_github() {
    let document = Document::parse("# What `neovm run` does\n## A, b & c\n## Twice\n## Twice\n");
    let expected = ["what-neovm-run-does", "a-b--c", "twice", "twice-1"].map(String::from);
    assert_eq!(document.headings, BTreeSet::from(expected));
}
