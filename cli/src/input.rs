//! Programs from where users have them: NEF files with their manifests, files
//! of bytes or text, standard input, or the argument itself.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::ValueEnum;
use neovm::{
    Hardfork, Script, StubHost,
    types::{Manifest, NefFile, UnknownHardfork},
};

/// Most bytes of a script. Networks take at most 131,070; a listing or the
/// decoded form takes many times the memory of the script.
pub(crate) const MAX_SCRIPT: usize = 1 << 20;

/// Most bytes of a file that holds a script, and of a line of assembly: twice
/// the digits that a script can have.
pub(crate) const MAX_FILE: usize = 4 * MAX_SCRIPT;

/// Most bytes of a text to assemble, and of a stub host.
pub(crate) const MAX_TEXT: usize = 64 << 20;

/// Gas in datoshi if nothing else is said: 20 GAS, as nodes allow for test calls.
pub(crate) const TEST_GAS: i64 = 20_0000_0000;

/// A program, and how to read it.
#[derive(clap::Args)]
pub(crate) struct Source {
    /// A file (a .nef, bytes, or hexadecimal or base64 text), - for standard
    /// input, or the hexadecimal or base64 text itself
    #[arg(value_name = "FILE|HEX|BASE64")]
    script: PathBuf,
    /// What the input is; by default that shows from its bytes
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the bytes of an input stand for a script.
#[derive(Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// A NEF file if it starts like one; text is hexadecimal or else base64;
    /// what is no text is the script
    #[default]
    Auto,
    /// A NEF file
    Nef,
    /// The script's bytes as they are
    Raw,
    /// Hexadecimal text, with 0x or without
    Hex,
    /// Base64 text
    Base64,
}

/// A script and what came with it.
pub(crate) struct Program {
    pub(crate) script: Script,
    pub(crate) nef: Option<NefFile>,
    /// What lies beside the NEF file.
    pub(crate) manifest: Option<Manifest>,
}

impl Source {
    pub(crate) fn read(&self) -> Result<Program> {
        read(&self.script, self.format)
    }
}

impl Program {
    /// Where the manifest's methods start, and their names.
    pub(crate) fn methods(&self) -> Vec<(usize, &str)> {
        let methods = self.manifest.iter().flat_map(|manifest| &manifest.abi.methods);
        methods.map(|method| (method.offset as usize, method.name.as_str())).collect()
    }
}

/// The program of an argument.
pub(crate) fn read(argument: &Path, format: Format) -> Result<Program> {
    let shown = name_of(argument);
    let is_file = argument == "-" || argument.exists() || looks_like_path(argument);
    let (bytes, is_nef) = if is_file {
        let is_nef = argument.extension() == Some(OsStr::new("nef")) && format == Format::Auto;
        let content = read_limited(argument, MAX_FILE)?;
        (if is_nef { content } else { decode(content, format).with_context(|| shown.clone())? }, is_nef)
    } else {
        (literal(argument, format).with_context(|| format!("{shown} is no file and no script"))?, false)
    };
    if is_nef || format == Format::Nef || format == Format::Auto && bytes.starts_with(b"NEF3") {
        let nef = NefFile::parse(&bytes).with_context(|| shown)?;
        let manifest = if is_file { manifest_beside(argument)? } else { None };
        return Ok(Program { script: nef.script.clone(), nef: Some(nef), manifest });
    }
    Ok(Program { script: script(&bytes).with_context(|| shown)?, nef: None, manifest: None })
}

/// A script of bytes that are not too many.
pub(crate) fn script(bytes: &[u8]) -> Result<Script> {
    ensure!(bytes.len() <= MAX_SCRIPT, "a script of {} bytes; at most {MAX_SCRIPT} are taken", bytes.len());
    Ok(Script::from(bytes))
}

/// How messages name an argument: not at any length.
fn name_of(argument: &Path) -> String {
    if argument == "-" {
        return "standard input".into();
    }
    let text = argument.to_string_lossy();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.into_owned(),
    }
}

/// Neither hexadecimal nor base64 has a dot, and no script that is more than a
/// fault starts with a slash in base64.
fn looks_like_path(argument: &Path) -> bool {
    argument.is_absolute() || argument.as_os_str().as_encoded_bytes().contains(&b'.')
}

fn literal(argument: &Path, format: Format) -> Result<Vec<u8>> {
    let text = argument.to_str().ok_or_else(|| anyhow!("it is not UTF-8"))?;
    match format {
        Format::Raw => bail!("--format raw needs a file"),
        Format::Auto | Format::Nef => text_bytes(text),
        Format::Hex => hex_bytes(text),
        Format::Base64 => base64_bytes(text),
    }
}

/// The bytes that the content of a file stands for.
fn decode(content: Vec<u8>, format: Format) -> Result<Vec<u8>> {
    let is_text = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    match format {
        Format::Raw | Format::Nef => return Ok(content),
        Format::Auto if content.starts_with(b"NEF3") || !is_text(&content) => return Ok(content),
        Format::Auto | Format::Hex | Format::Base64 => {}
    }
    let text = String::from_utf8(content).context("it is no text")?;
    let text: String = text.split_ascii_whitespace().collect();
    match format {
        Format::Hex => hex_bytes(&text),
        Format::Base64 => base64_bytes(&text),
        _ => text_bytes(&text).context("a text that is no script (--format raw takes bytes as they are)"),
    }
}

/// The bytes of a text in hexadecimal, or else in base64.
fn text_bytes(text: &str) -> Result<Vec<u8>> {
    let as_hex = hex_bytes(text);
    if as_hex.is_ok() || text.starts_with("0x") {
        return as_hex;
    }
    let no_hex = as_hex.err().map_or_else(String::new, |error| format!("{error:#}"));
    base64_bytes(text).map_err(|error| anyhow!("{no_hex}; {error:#}"))
}

/// The bytes of hexadecimal digits, with 0x or without.
pub(crate) fn hex_bytes(text: &str) -> Result<Vec<u8>> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).context("no hexadecimal")
}

fn base64_bytes(text: &str) -> Result<Vec<u8>> {
    BASE64_STANDARD.decode(text).context("no base64")
}

/// The content of a file, or of standard input, that has at most so many bytes.
pub(crate) fn read_limited(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let limited = limit as u64 + 1;
    let result = if path == "-" {
        io::stdin().lock().take(limited).read_to_end(&mut content)
    } else {
        File::open(path).and_then(|file| file.take(limited).read_to_end(&mut content))
    };
    result.with_context(|| format!("cannot read {}", name_of(path)))?;
    ensure!(content.len() <= limit, "{} has more than {limit} bytes", name_of(path));
    Ok(content)
}

/// The manifest `X.manifest.json` of `X.nef`, if it is there.
fn manifest_beside(nef: &Path) -> Result<Option<Manifest>> {
    let path = nef.with_extension("manifest.json");
    if !path.exists() {
        return Ok(None);
    }
    let text = read_limited(&path, Manifest::MAX_LENGTH)?;
    Manifest::parse(&text).map(Some).with_context(|| name_of(&path))
}

/// The stub host of a file.
pub(crate) fn stub_host(path: &Path) -> Result<StubHost> {
    let text = String::from_utf8(read_limited(path, MAX_TEXT)?).context("it is not UTF-8");
    text.and_then(|text| Ok(StubHost::from_json(&text)?)).with_context(|| name_of(path))
}

/// Parses the name of a hardfork, or of a jump table as recorded outcomes have it.
pub(crate) fn hardfork(name: &str) -> Result<Hardfork, UnknownHardfork> {
    name.parse().or_else(|error| Hardfork::from_jump_table_name(name).ok_or(error))
}
