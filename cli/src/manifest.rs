//! Where a contract's manifest is found, and whether it fits the script.

use std::{
    collections::HashMap,
    ops::Range,
    path::{Path, PathBuf},
};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use anyhow::{Context, Result, anyhow};
use neovm::{
    OpCode, check_methods,
    types::{
        Manifest, json,
        manifest::{ManifestError, Method},
    },
};

use crate::{
    input::{self, Program, name_of},
    show, terminal,
};

/// Why a manifest cannot be used, on a line that names the file.
#[derive(Debug, thiserror::Error)]
#[error("{line}")]
pub(crate) struct Faulty {
    line: String,
    /// The same as compilers show it, if there is a place to show.
    shown: Option<String>,
}

/// An error for people: a manifest's with the place.
pub(crate) fn with_place(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref().and_then(|Faulty { shown, .. }| shown.clone()) {
        Some(shown) => anyhow!(shown),
        None => error,
    }
}

/// What was found of a manifest. Only what needs one complains if it is missing
/// or faulty.
pub(crate) enum ManifestFile {
    /// None was asked for, and nothing says where it could be.
    None,
    /// There is no such file.
    Missing(PathBuf),
    /// The file cannot be used.
    Faulty(Faulty),
    /// The manifest of a file.
    Read(PathBuf, Box<Manifest>),
}

impl ManifestFile {
    /// The manifest of a file that the user named.
    pub(crate) fn required(path: &Path) -> Result<Self> {
        Ok(Self::Read(path.into(), Box::new(parse(path)?)))
    }

    /// The manifest `X.manifest.json` beside `X.nef`.
    pub(crate) fn beside(nef: &Path) -> Self {
        let path = nef.with_extension("manifest.json");
        if !path.exists() {
            return Self::Missing(path);
        }
        match parse(&path) {
            Ok(manifest) => Self::Read(path, Box::new(manifest)),
            Err(error) => Self::Faulty(error),
        }
    }
}

fn parse(path: &Path) -> Result<Manifest, Faulty> {
    let text = input::read_limited(path, Manifest::MAX_LENGTH);
    let text = text.map_err(|error| Faulty { line: format!("{error:#}"), shown: None })?;
    // Its text tells of its cause already.
    Manifest::parse(&text).map_err(|error| {
        let line = format!("{}: {error}", name_of(path));
        let shown = std::str::from_utf8(&text).ok().and_then(|text| shown(&error, path, text));
        Faulty { line, shown }
    })
}

/// What is wrong with a manifest, as compilers show it.
fn shown(error: &ManifestError, path: &Path, text: &str) -> Option<String> {
    /// What is longer is not shown.
    const MAX_SHOWN: usize = 1000;
    let Range { start, end } = match error {
        ManifestError::Json(error) => {
            let line = text.split_inclusive('\n').take(error.line().checked_sub(1)?).map(str::len).sum::<usize>();
            let place = (line + error.column().saturating_sub(1)).min(text.len());
            place..place + 1
        }
        ManifestError::Field { field, .. } if field == "whole" => json::place(text.as_bytes(), "")?,
        ManifestError::Field { field, .. } => json::place(text.as_bytes(), field)?,
        _ => return None,
    };
    // Of what goes on below, the first line is shown.
    let line = text[..text.floor_char_boundary(start)].rfind('\n').map_or(0, |end| end + 1);
    let number = text[..line].matches('\n').count() + 1;
    let text = text[line..].lines().next().unwrap_or_default();
    let start = text.floor_char_boundary((start - line).min(text.len()));
    let end = text.ceil_char_boundary((end - line).min(text.len()));
    if text.len() > MAX_SHOWN || text.contains(|letter: char| letter.is_control() && letter != '\t') {
        return None;
    }
    let (name, what) = (name_of(path), show::one_line(&error.to_string()));
    let snippet = Snippet::source(text).line_start(number).path(&*name);
    let snippet = snippet.annotation(AnnotationKind::Primary.span(start..end));
    Some(Renderer::plain().render(&[Level::ERROR.no_name().primary_title(&*what).element(snippet)]))
}

impl Program {
    /// The manifest, if there is one that can be used.
    pub(crate) fn manifest(&self) -> Option<&Manifest> {
        if let ManifestFile::Read(_, manifest) = &self.manifest { Some(manifest) } else { None }
    }

    /// The manifest for what cannot do without.
    ///
    /// # Errors
    /// If there is none; the message names the file that was tried.
    pub(crate) fn require_manifest(&self) -> Result<&Manifest> {
        match &self.manifest {
            ManifestFile::Read(_, manifest) => Ok(manifest),
            ManifestFile::Missing(path) => {
                Err(anyhow!("there is no manifest {}; name one with --manifest FILE", name_of(path)))
            }
            ManifestFile::Faulty(why) => Err(anyhow!("{why}")),
            ManifestFile::None => Err(anyhow!("{} has no manifest; name one with --manifest FILE", self.name)),
        }
    }

    /// Checks that each method of the manifest starts at an instruction of the
    /// script. If one does not, the manifest is most likely that of another contract.
    pub(crate) fn check_manifest(&self) -> Result<()> {
        let ManifestFile::Read(path, manifest) = &self.manifest else { return Ok(()) };
        check_methods(&self.script, &manifest.abi)
            .with_context(|| format!("{} does not belong to the script of {}", name_of(path), self.name))
    }

    /// Warns if the manifest cannot be used, or seems to be that of another contract.
    pub(crate) fn warn_about_manifest(&self) {
        if let ManifestFile::Faulty(why) = &self.manifest {
            terminal::warn(&format!("the manifest is ignored: {why}"));
        }
        let ManifestFile::Read(path, manifest) = &self.manifest else { return };
        if let Err(error) = self.check_manifest() {
            terminal::warn(&format!("{error:#}"));
        } else if let Some(sign) = self.sign_of_another(&manifest.abi.methods) {
            terminal::warn(&format!("{} may not belong to the script of {}: {sign}", name_of(path), self.name));
        }
    }

    /// Why one of the methods is hardly one of the script, although an instruction
    /// starts where it starts. A sign and no more: nodes accept such a contract.
    fn sign_of_another(&self, methods: &[Method]) -> Option<String> {
        let whole = self.script.instructions().filter_map(|(position, it)| it.ok().map(|it| (position, it)));
        // The instructions by where they end.
        let before: HashMap<usize, OpCode> = whole.map(|(position, it)| (position + it.size(), it.opcode)).collect();
        methods.iter().find_map(|Method { name, offset, parameters, .. }| {
            let offset = *offset as usize;
            if before.get(&offset).is_some_and(|opcode| !ends_function(*opcode)) {
                return Some(format!("method {name:?} starts at byte {offset}, in the middle of other code"));
            }
            let first = self.script.instruction(offset).ok().filter(|first| first.opcode == OpCode::INITSLOT)?;
            let (wanted, taken) = (parameters.len(), usize::from(first.operand[1]));
            let count = show::count(wanted as u64, "parameter");
            (wanted != taken).then(|| format!("method {name:?} has {count}, but the function there takes {taken}"))
        })
    }

    /// The methods of the manifest: where they start, and their names.
    pub(crate) fn methods(&self) -> Vec<(usize, &str)> {
        let methods = self.manifest().into_iter().flat_map(|manifest| &manifest.abi.methods);
        methods.map(|method| (method.offset as usize, method.name.as_str())).collect()
    }
}

/// Whether nothing that follows an instruction is reached from it.
fn ends_function(opcode: OpCode) -> bool {
    use OpCode::{ABORT, ABORTMSG, ENDFINALLY, ENDTRY, ENDTRY_L, JMP, JMP_L, RET, THROW};
    matches!(opcode, ABORT | ABORTMSG | ENDFINALLY | ENDTRY | ENDTRY_L | JMP | JMP_L | RET | THROW)
}
