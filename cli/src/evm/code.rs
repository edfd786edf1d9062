//! Where the code comes from, and values on the command line.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use clap::ValueEnum;
use neovm::types::hexadecimal;
use neovm_evm::{
    Fork, UnknownFork,
    primitives::{Address, Bytes},
};

use crate::{
    input::{MAX_FILE, name_of, read_limited},
    show,
};

/// Code, and how to read it.
#[derive(clap::Args)]
pub(crate) struct CodeSource {
    /// The code: a file, - for standard input, or hexadecimal digits
    #[arg(value_name = "FILE|HEX")]
    code: PathBuf,
    /// What the input is; recognized by its content unless given
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the bytes of an input stand for code.
#[derive(Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// A text is hexadecimal; anything else is the code itself
    #[default]
    Auto,
    /// Hexadecimal text, with or without 0x
    Hex,
    /// The code's bytes as they are
    Raw,
}

impl CodeSource {
    /// Reads the code.
    pub(crate) fn read(&self) -> Result<Bytes> {
        let name = name_of(&self.code);
        let is_file = self.code == Path::new("-") || self.code.exists();
        let code = if is_file {
            decode(&read_limited(&self.code, MAX_FILE)?, self.format).with_context(|| name.clone())?
        } else {
            let text = self.code.to_string_lossy();
            let given = hex(&text).map_err(|error| anyhow!("{name} is neither a file nor hexadecimal: {error:#}"));
            given?
        };
        ensure!(!code.is_empty(), "{name} is empty");
        Ok(code.into())
    }
}

/// The bytes that an input stands for. A text that is not hexadecimal is refused: as code it would be nonsense.
fn decode(content: &[u8], format: Format) -> Result<Vec<u8>> {
    let is_text = content.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    match format {
        Format::Raw => Ok(content.to_vec()),
        Format::Auto if !is_text => Ok(content.to_vec()),
        Format::Auto => hex(&String::from_utf8_lossy(content))
            .context("a text, but not hexadecimal (--format raw reads the bytes of a text as they are)"),
        Format::Hex => hex(std::str::from_utf8(content).context("not a text")?),
    }
}

/// The bytes of hexadecimal digits, with or without 0x, with white space between them.
pub(crate) fn hex(text: &str) -> Result<Vec<u8>> {
    Ok(hexadecimal::decode_spaced(text)?)
}

pub(crate) fn bytes(text: &str) -> Result<Bytes> {
    Ok(hex(text)?.into())
}

pub(crate) fn address(text: &str) -> Result<Address> {
    let bytes = hex(text)?;
    Address::try_from(&bytes[..]).map_err(|_| anyhow!("{}; an address has 20", show::count(bytes.len() as u64, "byte")))
}

pub(crate) fn fork(text: &str) -> Result<Fork, UnknownFork> {
    text.parse()
}
