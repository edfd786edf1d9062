//! Reading the files.

use std::{
    borrow::Cow,
    io::{Cursor, Read},
};

use neovm::types::{
    json::file::{self, JsonFileError},
    text::shown,
};
use serde::Deserialize;
use zip::ZipArchive;

use super::{DebugInfo, DebugMethod, SequencePoint, Variable, point};

/// The largest file, and the largest content of an archive, in bytes.
const MAX_SIZE: usize = 64 << 20;

/// How many documents and sequence points there are at most, and how long the path of a document is, in bytes: reports
/// look for the points of each document.
const MAX_DOCUMENTS: usize = 1024;
const MAX_POINTS: usize = 1 << 20;
const MAX_PATH: usize = 4096;

/// How archives begin.
const ZIP: &[u8] = b"PK\x03\x04";

/// Why a file holds no debug information.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DebugInfoError {
    /// The file, or what is in the archive, is too large.
    #[error("the debug information has more than {MAX_SIZE} bytes")]
    TooLarge,
    /// The archive cannot be read.
    #[error("the archive cannot be read: {0}")]
    Archive(String),
    /// There is no file whose name ends with `.debug.json` in the archive.
    #[error("the archive has no file X.debug.json")]
    NoEntry,
    /// The text is not the JSON of debug information. The error says at which line and
    /// column.
    #[error("the debug information is not as it should be")]
    Json(#[from] JsonFileError),
    /// The JSON has none of the members of debug information.
    #[error("it is no debug information: it has none of hash, document-root, documents, methods and static-variables")]
    NoMember,
    /// There are too many of something.
    #[error("the debug information has {count} {what}, at most {limit} are taken")]
    TooMany {
        /// What there is.
        what: &'static str,
        /// How many.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A text within it is wrong.
    #[error("{field}: {text:?} is not {wanted}")]
    Field {
        /// The path of the text, such as `methods[2].sequence-points[0]`.
        field: String,
        /// The text, cut off if it is long.
        text: String,
        /// What it should be.
        wanted: &'static str,
    },
}

/// The JSON. Fields that are not named here are not used. A list may be null.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    hash: Option<String>,
    document_root: Option<String>,
    documents: Option<Vec<String>>,
    methods: Option<Vec<Method>>,
    static_variables: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Method {
    id: Option<String>,
    name: String,
    range: String,
    params: Option<Vec<String>>,
    #[serde(rename = "return")]
    returned: Option<String>,
    variables: Option<Vec<String>>,
    sequence_points: Option<Vec<String>>,
}

impl DebugInfo {
    /// Reads a file: `X.nefdbgnfo` or `X.debug.json`, which its first bytes tell apart.
    ///
    /// # Errors
    /// [`DebugInfoError`] for the first thing that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, DebugInfoError> {
        if bytes.len() > MAX_SIZE {
            return Err(DebugInfoError::TooLarge);
        }
        if bytes.starts_with(ZIP) { Self::from_json(&unpack(bytes)?) } else { Self::from_json(bytes) }
    }

    fn from_json(json: &[u8]) -> Result<Self, DebugInfoError> {
        // Some compilers write the mark of UTF-8.
        let file: File = file::read(json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json))?;
        if let File { hash: None, document_root: None, documents: None, methods: None, static_variables: None } = file {
            return Err(DebugInfoError::NoMember);
        }
        let documents = file.documents.unwrap_or_default();
        at_most("documents", documents.len(), MAX_DOCUMENTS)?;
        if let Some((i, path)) = documents.iter().enumerate().find(|(_, path)| path.len() > MAX_PATH) {
            return Err(field(format!("documents[{i}]"), path, "a path of at most 4096 bytes"));
        }
        let points = file.methods.iter().flatten().flat_map(|method| &method.sequence_points);
        at_most("sequence points", points.map(Vec::len).sum(), MAX_POINTS)?;
        let method = |(i, method)| read_method(i, method, documents.len());
        let mut methods =
            file.methods.unwrap_or_default().into_iter().enumerate().map(method).collect::<Result<Vec<_>, _>>()?;
        methods.sort_by_key(|method| *method.range.start());
        Ok(Self {
            hash: file.hash.and_then(|hash| hash.parse().ok()),
            root: file.document_root.filter(|root| !root.is_empty()),
            statics: variables("static-variables", file.static_variables)?,
            documents,
            methods,
        })
    }
}

/// Takes the debug information out of an archive.
fn unpack(bytes: &[u8]) -> Result<Vec<u8>, DebugInfoError> {
    let wrong = |error: &dyn std::error::Error| DebugInfoError::Archive(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| wrong(&error))?;
    let name = archive.file_names().flatten().find(|name| name.ends_with(".debug.json")).map(Cow::into_owned);
    let entry = archive.by_name(&name.ok_or(DebugInfoError::NoEntry)?).map_err(|error| wrong(&error))?;
    let mut content = Vec::new();
    // What the archive says of the size need not be true.
    entry.take(MAX_SIZE as u64 + 1).read_to_end(&mut content).map_err(|error| wrong(&error))?;
    if content.len() > MAX_SIZE { Err(DebugInfoError::TooLarge) } else { Ok(content) }
}

fn at_most(what: &'static str, count: usize, limit: usize) -> Result<(), DebugInfoError> {
    if count > limit { Err(DebugInfoError::TooMany { what, count, limit }) } else { Ok(()) }
}

fn field(field: String, text: &str, wanted: &'static str) -> DebugInfoError {
    DebugInfoError::Field { field, text: shown(text).into(), wanted }
}

fn variables(path: &str, texts: Option<Vec<String>>) -> Result<Vec<Variable>, DebugInfoError> {
    let read = |(i, text): (usize, &String)| {
        let wanted = "a variable NAME,TYPE or NAME,TYPE,SLOT";
        point::variable(text, i).ok_or_else(|| field(format!("{path}[{i}]"), text, wanted))
    };
    texts.unwrap_or_default().iter().enumerate().map(read).collect()
}

fn read_method(i: usize, method: Method, documents: usize) -> Result<DebugMethod, DebugInfoError> {
    let path = |rest: &str| format!("methods[{i}].{rest}");
    let range = point::range(&method.range).ok_or_else(|| field(path("range"), &method.range, "a range FIRST-LAST"))?;
    let (namespace, name) = method.name.rsplit_once(',').unwrap_or(("", &method.name));
    let read_point = |(place, text): (usize, &String)| -> Result<SequencePoint, DebugInfoError> {
        let wrong = |wanted| field(path(&format!("sequence-points[{place}]")), text, wanted);
        let point =
            point::sequence_point(text).ok_or_else(|| wrong("a place POSITION[DOCUMENT]LINE:COLUMN-LINE:COLUMN"))?;
        if point.document < documents { Ok(point) } else { Err(wrong("in one of the documents")) }
    };
    let points = method.sequence_points.unwrap_or_default();
    let mut points = points.iter().enumerate().map(read_point).collect::<Result<Vec<_>, _>>()?;
    points.sort_by_key(|point| point.position);
    Ok(DebugMethod {
        id: method.id.unwrap_or_default(),
        namespace: namespace.into(),
        name: name.into(),
        range,
        parameters: variables(&path("params"), method.params)?,
        locals: variables(&path("variables"), method.variables)?,
        return_type: method.returned.unwrap_or_default(),
        points,
    })
}
