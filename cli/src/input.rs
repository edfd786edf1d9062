//! Programs from where users have them: NEF files, files of bytes or text,
//! standard input, or the argument itself.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::ValueEnum;
use neovm::{
    Hardfork, Script, StubHost,
    types::{NefFile, UnknownHardfork, base64, hexadecimal, text::shown},
};

use crate::{manifest::ManifestFile, show, terminal};

/// The longest script that is accepted, in bytes. Networks accept 131,070; a
/// listing or the decoded form takes many times the memory of the script.
pub(crate) const MAX_SCRIPT: usize = 1 << 20;

/// The longest file that holds a script, and the longest line of assembly, in
/// bytes: twice the hexadecimal digits that a script can have.
pub(crate) const MAX_FILE: usize = 4 * MAX_SCRIPT;

/// The longest text to assemble, and the longest file of system calls, in bytes.
pub(crate) const MAX_TEXT: usize = 64 << 20;

/// The gas limit unless configured otherwise, in datoshi: 20 GAS, as nodes
/// allow for test invocations.
pub(crate) const TEST_GAS: i64 = 20_0000_0000;

/// The longest name of a file, and the longest path, in bytes.
const MAX_NAME: usize = 255;
const MAX_PATH: usize = 4096;

/// A program, and how to read it.
#[derive(clap::Args)]
pub(crate) struct Source {
    /// The script: a file (a .nef, raw bytes, or hexadecimal or base64 text), - for
    /// standard input, or hexadecimal digits after 0x
    #[arg(value_name = "FILE|0xHEX")]
    script: PathBuf,
    /// What the input is; recognized by its content unless given
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The contract's manifest; X.manifest.json beside X.nef unless given
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

/// How the bytes of an input stand for a script.
#[derive(Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// A NEF file if it starts like one; text is hexadecimal or else base64;
    /// anything else is the script itself
    #[default]
    Auto,
    /// A NEF file
    Nef,
    /// The script's bytes as they are
    Raw,
    /// Hexadecimal text, with or without 0x
    Hex,
    /// Base64 text
    Base64,
}

/// A script and what came with it.
pub(crate) struct Program {
    /// What messages call it.
    pub(crate) name: String,
    /// The file, if it comes from one.
    pub(crate) path: Option<PathBuf>,
    pub(crate) script: Script,
    pub(crate) nef: Option<NefFile>,
    pub(crate) manifest: ManifestFile,
}

/// Where an argument says that the program is.
enum Place<'a> {
    Stdin,
    File(&'a Path),
    /// The argument is the program.
    Text(&'a str),
}

impl Source {
    /// Whether the script is read from standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        self.script == Path::new("-")
    }

    /// Reads the program. A manifest that was asked for must be readable; one that
    /// lies beside a NEF file need not be, see [`ManifestFile`].
    pub(crate) fn read(&self) -> Result<Program> {
        read(&self.script, self.format, self.manifest.as_deref())
    }
}

/// Reads the program that an argument stands for, with its manifest.
pub(crate) fn read(argument: &Path, format: Format, manifest: Option<&Path>) -> Result<Program> {
    let name = name_of(argument);
    let place = place(argument, format);
    let path = if let Place::File(path) = place { Some(path.to_path_buf()) } else { None };
    let is_nef_file = matches!(place, Place::File(path) if path.extension() == Some(OsStr::new("nef")));
    let content = match place {
        Place::Stdin => read_limited(argument, MAX_FILE)?,
        // Other errors than that it is missing are told when it is read.
        Place::File(path) if matches!(path.try_exists(), Ok(false)) => return Err(no_such_file(path)),
        Place::File(path) => read_limited(path, MAX_FILE)?,
        Place::Text(text) => text.into(),
    };
    ensure!(!content.trim_ascii().is_empty(), "{name} is empty");
    let is_nef_file = is_nef_file && format == Format::Auto;
    let bytes = if is_nef_file { content } else { decode(content, format).with_context(|| name.clone())? };
    ensure!(!bytes.is_empty(), "{name} holds no script");
    let explicit = manifest.map(ManifestFile::required).transpose()?;
    if is_nef_file || format == Format::Nef || format == Format::Auto && bytes.starts_with(b"NEF3") {
        let (nef, size) = NefFile::parse_start(&bytes).with_context(|| name.clone())?;
        if size < bytes.len() {
            let behind = show::count((bytes.len() - size) as u64, "byte");
            terminal::warn(&format!("{name}: {behind} behind the NEF file, which nodes do not look at"));
        }
        let beside = || if let Place::File(path) = place { ManifestFile::beside(path) } else { ManifestFile::None };
        let manifest = explicit.unwrap_or_else(beside);
        return Ok(Program { name, path, script: nef.script.clone(), nef: Some(nef), manifest });
    }
    let script = script(&bytes).with_context(|| name.clone())?;
    Ok(Program { name, path, script, nef: None, manifest: explicit.unwrap_or(ManifestFile::None) })
}

/// Checks the length of a script.
pub(crate) fn script(bytes: &[u8]) -> Result<Script> {
    ensure!(bytes.len() <= MAX_SCRIPT, "a script of {} bytes; at most {MAX_SCRIPT} are taken", bytes.len());
    Ok(Script::from(bytes))
}

/// The argument as messages show it, cut off if it is long.
pub(crate) fn name_of(argument: &Path) -> String {
    if argument == "-" {
        return "standard input".into();
    }
    let text = argument.to_string_lossy();
    match shown(&text) {
        "" => "\"\"".into(),
        shown if shown.len() < text.len() => format!("{shown}..."),
        shown => shown.into(),
    }
}

/// Decides what an argument is. A word that could be the name of a file is one,
/// so that a mistyped name is not taken for a script in base64.
fn place(argument: &Path, format: Format) -> Place<'_> {
    let Some(text) = argument.to_str() else { return Place::File(argument) };
    let is_text = match format {
        _ if text == "-" => return Place::Stdin,
        Format::Auto => text.is_empty() || text.starts_with("0x") || !argument.exists() && !can_be_file(text),
        Format::Hex | Format::Base64 => !argument.exists() && !argument.is_absolute() && !text.contains('.'),
        Format::Nef | Format::Raw => false,
    };
    if is_text { Place::Text(text) } else { Place::File(argument) }
}

/// No file system has names as long as most scripts, and nobody's file ends as
/// padded base64 does.
fn can_be_file(text: &str) -> bool {
    text.len() <= MAX_PATH && text.split('/').all(|part| part.len() <= MAX_NAME) && !text.ends_with('=')
}

/// Says that a file is missing, and what the argument might have been meant to be.
fn no_such_file(path: &Path) -> anyhow::Error {
    let (name, text) = (name_of(path), path.to_string_lossy());
    let nef = path.with_extension("nef");
    if nef.exists() {
        return anyhow!("no such file: {name}; did you mean {}?", name_of(&nef));
    }
    if hex::decode(text.as_bytes()).is_ok() {
        return anyhow!("no such file: {name}; hexadecimal digits are a script after 0x or with --format hex");
    }
    if base64::decode(&text).is_ok() {
        return anyhow!("no such file: {name}; a script in base64 needs --format base64");
    }
    anyhow!("no such file: {name}")
}

/// The bytes that an input stands for.
fn decode(content: Vec<u8>, format: Format) -> Result<Vec<u8>> {
    let is_text = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    match format {
        Format::Raw | Format::Nef => return Ok(content),
        Format::Auto if content.starts_with(b"NEF3") || !is_text(&content) => return Ok(content),
        Format::Auto | Format::Hex | Format::Base64 => {}
    }
    let text = String::from_utf8(content).context("not a text")?;
    match format {
        Format::Hex => spaced_hex(&text),
        Format::Base64 => base64_bytes(&text),
        _ => text_bytes(&text).context("not a script (--format raw reads the bytes of a text as they are)"),
    }
}

/// The bytes of a text in hexadecimal, or else in base64.
fn text_bytes(text: &str) -> Result<Vec<u8>> {
    let as_hex = spaced_hex(text);
    if as_hex.is_ok() || text.trim_start().starts_with("0x") {
        return as_hex;
    }
    let no_hex = as_hex.err().map_or_else(String::new, |error| format!("{error:#}"));
    base64_bytes(text).map_err(|error| anyhow!("{no_hex}; {error:#}"))
}

/// The bytes of hexadecimal digits, with or without 0x.
pub(crate) fn hex_bytes(text: &str) -> Result<Vec<u8>> {
    hexadecimal::decode_prefixed(text).context("not hexadecimal")
}

/// The same with white space around and between the digits.
fn spaced_hex(text: &str) -> Result<Vec<u8>> {
    hexadecimal::decode_spaced(text).context("not hexadecimal")
}

fn base64_bytes(text: &str) -> Result<Vec<u8>> {
    base64::decode(text).context("not base64")
}

/// Reads a file, or standard input for `-`, of at most `limit` bytes. A pipe is read to its end, so that a shell can put
/// one in the place of a file, as `<(disassemble token)`: who names a file knows what it is.
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

/// Writes a file as a whole or not at all, see [`neovm_disk::write_file`].
pub(crate) fn write_file(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    neovm_disk::write_file(path, content.as_ref()).with_context(|| format!("cannot write {}", name_of(path)))
}

/// Reads a file of system calls.
pub(crate) fn stub_host(path: &Path) -> Result<StubHost> {
    let text = String::from_utf8(read_limited(path, MAX_TEXT)?).context("it is not UTF-8");
    text.and_then(|text| Ok(StubHost::from_json(&text)?)).with_context(|| name_of(path))
}

/// Parses the name of a hardfork, or of a jump table as recorded outcomes have it.
pub(crate) fn hardfork(name: &str) -> Result<Hardfork, UnknownHardfork> {
    name.parse().or_else(|error| Hardfork::from_jump_table_name(name).ok_or(error))
}
