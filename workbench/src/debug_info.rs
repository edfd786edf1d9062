//! Debug information: which source line an instruction belongs to, and what the slots
//! of a method are called.
//!
//! Compilers write it as JSON, `X.debug.json` (neo-go), or put that into a zip archive,
//! `X.nefdbgnfo` (neo3-boa, the C# compiler). The fields are described in the proposal
//! NDX-DN11 of the Neo debugger.

mod point;
mod read;

use std::ops::RangeInclusive;

use neovm::Hash160;

pub use self::read::DebugInfoError;

/// What a compiler tells about a script.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DebugInfo {
    /// The hash of the script that it is about, if it says one.
    pub hash: Option<Hash160>,
    /// The folder that the paths of the documents start in, if there is one.
    pub root: Option<String>,
    /// The paths of the sources.
    pub documents: Vec<String>,
    /// The methods and functions, in the order of their positions.
    pub methods: Vec<DebugMethod>,
    /// The static fields.
    pub statics: Vec<Variable>,
}

/// A method or function of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DebugMethod {
    /// What the compiler calls it.
    pub id: String,
    /// The namespace, module or package.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The positions of its first and its last instruction, in bytes.
    pub range: RangeInclusive<usize>,
    /// The parameters.
    pub parameters: Vec<Variable>,
    /// The local variables.
    pub locals: Vec<Variable>,
    /// The type of what it returns.
    pub return_type: String,
    /// Where lines begin, in the order of the positions.
    pub points: Vec<SequencePoint>,
}

/// A parameter, a local variable or a static field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The type.
    pub type_name: String,
    /// The number of its slot.
    pub slot: usize,
}

/// A place in the source where instructions begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequencePoint {
    /// The position of the first instruction, in bytes.
    pub position: usize,
    /// The number of the document.
    pub document: usize,
    /// Where the piece of source begins: line and column, counted from 1.
    pub start: (u32, u32),
    /// Where it ends.
    pub end: (u32, u32),
}

impl DebugInfo {
    /// Returns the method that holds a position.
    pub fn method_at(&self, position: usize) -> Option<&DebugMethod> {
        let place = self.methods.partition_point(|method| *method.range.start() <= position).checked_sub(1)?;
        Some(&self.methods[place]).filter(|method| method.range.contains(&position))
    }

    /// Returns the sequence point that an instruction belongs to: the last one of its
    /// method up to the position.
    pub fn point_at(&self, position: usize) -> Option<&SequencePoint> {
        let points = &self.method_at(position)?.points;
        let place = points.partition_point(|point| point.position <= position).checked_sub(1)?;
        Some(&points[place])
    }

    /// Returns the path of a document without the folders that all documents share,
    /// or its number if there is none.
    pub fn short_name(&self, document: usize) -> String {
        let Some(path) = self.documents.get(document) else { return format!("document {document}") };
        path.rsplit(['/', '\\']).next().unwrap_or(path).into()
    }

    /// Returns the numbers of a document's lines that have instructions, in order, each once.
    pub fn lines_of(&self, document: usize) -> Vec<u32> {
        let points = self.methods.iter().flat_map(|method| &method.points);
        let mut lines: Vec<u32> =
            points.filter(|point| point.document == document).map(|point| point.start.0).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}
