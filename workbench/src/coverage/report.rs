//! What coverage comes to: shares, methods, lines, and the format of lcov.

use std::collections::BTreeMap;

use super::{Coverage, is_branch};
use crate::show::push;

/// How many of something were covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many were.
    pub covered: usize,
    /// How many there are.
    pub all: usize,
}

impl Share {
    fn of(covered: impl IntoIterator<Item = bool>) -> Self {
        covered.into_iter().fold(Self::default(), |share, is_covered| Self {
            covered: share.covered + usize::from(is_covered),
            all: share.all + 1,
        })
    }

    /// Returns the share in percent; 100 of nothing.
    pub fn percent(self) -> f64 {
        if self.all == 0 { 100.0 } else { self.covered as f64 * 100.0 / self.all as f64 }
    }
}

/// The coverage of a method or function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodCoverage {
    /// The name.
    pub name: String,
    /// The position of its first instruction, in bytes.
    pub start: usize,
    /// How often its first instruction ran.
    pub calls: u64,
    /// Its instructions.
    pub instructions: Share,
    /// The ways of its branches: two for each.
    pub branches: Share,
}

/// The coverage of a source line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineCoverage {
    /// How often it ran: the most that one of the pieces of source in it did.
    pub hits: u64,
    /// Its branches: positions, how often taken, how often not.
    pub branches: Vec<(usize, u64, u64)>,
}

impl Coverage {
    /// The instructions of the script: positions, and whether they are branches. Bytes
    /// that are no instruction end the list.
    pub(super) fn instructions(&self) -> impl Iterator<Item = (usize, bool)> {
        let all = self.script.instructions().map_while(|(position, it)| Some((position, it.ok()?.opcode)));
        all.map(|(position, opcode)| (position, is_branch(opcode)))
    }

    /// The ways that the branch at a position went: whether it was taken, and whether not.
    pub(super) fn ways(&self, position: usize) -> [bool; 2] {
        let branch = self.branches.get(&position).copied().unwrap_or_default();
        [branch.taken > 0, branch.passed > 0]
    }

    /// Returns how many instructions ran.
    pub fn instruction_share(&self) -> Share {
        Share::of(self.instructions().map(|(position, _)| self.hits(position) > 0))
    }

    /// Returns how many ways of branches were gone, two for each branch.
    pub fn branch_share(&self) -> Share {
        Share::of(self.instructions().filter(|(_, is_branch)| *is_branch).flat_map(|(position, _)| self.ways(position)))
    }

    /// Returns how many methods and functions ran.
    pub fn method_share(&self) -> Share {
        Share::of(self.methods().iter().map(|method| method.calls > 0))
    }

    /// Returns how many source lines ran; none without debug information.
    pub fn line_share(&self) -> Share {
        let documents = (0..self.documents().len()).flat_map(|document| self.lines(document));
        Share::of(documents.map(|(_, line)| line.hits > 0))
    }

    /// Returns the methods and functions in the order of their positions: those of the
    /// debug information if there is some.
    pub fn methods(&self) -> Vec<MethodCoverage> {
        let starts: BTreeMap<usize, String> = match &self.debug {
            Some(info) => info.methods.iter().map(|method| (*method.range.start(), method.name.clone())).collect(),
            None => self.functions.iter().map(|(start, method)| (start, method_name(start, method))).collect(),
        };
        let mut methods: Vec<MethodCoverage> = starts
            .into_iter()
            .map(|(start, name)| MethodCoverage {
                name,
                start,
                calls: self.hits(start),
                instructions: Share::default(),
                branches: Share::default(),
            })
            .collect();
        for (position, is_branch) in self.instructions() {
            let Some(place) = methods.partition_point(|method| method.start <= position).checked_sub(1) else {
                continue;
            };
            let method = &mut methods[place];
            method.instructions.all += 1;
            method.instructions.covered += usize::from(self.hits(position) > 0);
            if is_branch {
                method.branches.all += 2;
                method.branches.covered += self.ways(position).into_iter().filter(|gone| *gone).count();
            }
        }
        methods
    }

    /// Returns the paths of the sources.
    pub fn documents(&self) -> &[String] {
        self.debug.as_ref().map(|info| &info.documents[..]).unwrap_or_default()
    }

    /// Returns the lines of a document that have instructions.
    pub fn lines(&self, document: usize) -> BTreeMap<u32, LineCoverage> {
        let Some(info) = &self.debug else { return BTreeMap::new() };
        let mut lines: BTreeMap<u32, LineCoverage> = BTreeMap::new();
        let points = info.methods.iter().flat_map(|method| &method.points);
        for point in points.filter(|point| point.document == document) {
            let line = lines.entry(point.start.0).or_default();
            line.hits = line.hits.max(self.hits(point.position));
        }
        for (position, _) in self.instructions().filter(|(_, is_branch)| *is_branch) {
            let point = info.point_at(position).filter(|point| point.document == document);
            if let Some(line) = point.and_then(|point| lines.get_mut(&point.start.0)) {
                let branch = self.branches.get(&position).copied().unwrap_or_default();
                line.branches.push((position, branch.taken, branch.passed));
            }
        }
        lines
    }

    /// Returns the coverage of the source lines in the format of lcov, which needs debug
    /// information. Documents without lines are left out. Paths and names are as they are, but for line breaks, which the
    /// format has no room for: they are written as `\n` and `\r`.
    pub fn lcov(&self) -> String {
        let mut out = String::new();
        let Some(info) = &self.debug else { return out };
        for (document, path) in info.documents.iter().enumerate() {
            let lines = self.lines(document);
            if !lines.is_empty() {
                push(&mut out, format_args!("TN:{}\nSF:{}\n", lcov_name(&self.name), on_one_line(path)));
                self.push_functions(&mut out, document);
                push_lines(&mut out, &lines);
                out.push_str("end_of_record\n");
            }
        }
        out
    }

    /// Appends the functions of a document.
    fn push_functions(&self, out: &mut String, document: usize) {
        let Some(info) = &self.debug else { return };
        let first =
            |method: &crate::DebugMethod| method.points.iter().find(|point| point.document == document).copied();
        let here: Vec<(u32, &str, u64)> = info
            .methods
            .iter()
            .filter_map(|method| Some((first(method)?.start.0, &method.name[..], self.hits(*method.range.start()))))
            .collect();
        here.iter().for_each(|(line, name, _)| push(out, format_args!("FN:{line},{}\n", on_one_line(name))));
        here.iter().for_each(|(_, name, hits)| push(out, format_args!("FNDA:{hits},{}\n", on_one_line(name))));
        let hit = here.iter().filter(|(_, _, hits)| *hits > 0).count();
        push(out, format_args!("FNF:{}\nFNH:{hit}\n", here.len()));
    }
}

/// The name of a test as lcov takes it.
fn lcov_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

/// A path or a name as lcov takes it: to the end of the line.
fn on_one_line(text: &str) -> String {
    text.replace('\n', "\\n").replace('\r', "\\r")
}

/// Appends branches and lines.
fn push_lines(out: &mut String, lines: &BTreeMap<u32, LineCoverage>) {
    let (mut ways, mut gone) = (0, 0);
    for (number, line) in lines {
        for (block, (_, taken, passed)) in line.branches.iter().enumerate() {
            for (way, count) in [taken, passed].into_iter().enumerate() {
                // A dash says that the branch was never reached.
                let count = if (*taken, *passed) == (0, 0) { "-".into() } else { count.to_string() };
                push(out, format_args!("BRDA:{number},{block},{way},{count}\n"));
            }
            ways += 2;
            gone += usize::from(*taken > 0) + usize::from(*passed > 0);
        }
    }
    push(out, format_args!("BRF:{ways}\nBRH:{gone}\n"));
    lines.iter().for_each(|(number, line)| push(out, format_args!("DA:{number},{}\n", line.hits)));
    let hit = lines.values().filter(|line| line.hits > 0).count();
    push(out, format_args!("LF:{}\nLH:{hit}\n", lines.len()));
}

fn method_name(start: usize, method: Option<&neovm::types::manifest::Method>) -> String {
    method.map_or_else(|| format!("function at byte {start}"), |method| method.name.clone())
}
