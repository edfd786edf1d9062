//! `neovm hash`: hashes of bytes.

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use neovm::{
    Hash160, Hash256, crypto,
    types::hash::{checksum, syscall_id},
};
use serde_json::{Map, Value};

use crate::{
    input::{self, MAX_TEXT},
    place::line,
    terminal,
};

/// Hash bytes in the ways that Neo does
///
/// Script hashes and hashes of blocks are shown as people write them: 0x and the bytes
/// in reverse order. All others are bytes in their order.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm hash System.Contract.Call      # the id of the system call among others
  neovm hash 0x0c2102ff                # the bytes of digits
  neovm hash - < file                  # standard input")]
pub(crate) struct HashArgs {
    /// The bytes: hexadecimal digits after 0x, otherwise the text itself; - for standard
    /// input, as it is
    #[arg(value_name = "DATA")]
    data: String,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn execute(args: &HashArgs) -> Result<ExitCode> {
    let data = bytes(&args.data)?;
    let hashes = [
        ("sha256", hex::encode(crypto::sha256(&data))),
        ("hash256", Hash256(crypto::hash256(&data)).to_string()),
        ("ripemd160", hex::encode(crypto::ripemd160(&data))),
        ("hash160", Hash160(crypto::hash160(&data)).to_string()),
        ("keccak256", hex::encode(crypto::keccak256(&data))),
        ("murmur32", hex::encode(crypto::murmur32(&data, 0).to_le_bytes())),
        ("murmur128", hex::encode(crypto::murmur128(&data, 0))),
        ("checksum", format!("{:#010x}", checksum(&data))),
    ];
    // The id of a system call is written as scripts hold it.
    let name = str::from_utf8(&data).ok().filter(|name| name.starts_with("System.") && !name.contains('\n'));
    let id = name.map(|name| ("syscall", hex::encode(syscall_id(name).to_le_bytes())));
    print(hashes.into_iter().chain(id), args.json)
}

/// The bytes that an argument stands for.
pub(crate) fn bytes(text: &str) -> Result<Vec<u8>> {
    match text {
        "-" => input::read_limited(Path::new("-"), MAX_TEXT),
        _ if text.starts_with("0x") => input::hex_bytes(text),
        _ => Ok(text.into()),
    }
}

/// Writes fields as lines, or as a JSON object.
pub(crate) fn print(fields: impl Iterator<Item = (&'static str, String)>, json: bool) -> Result<ExitCode> {
    let mut out = String::new();
    if json {
        let object: Map<String, Value> = fields.map(|(name, value)| (name.into(), value.into())).collect();
        out = format!("{}\n", Value::Object(object));
    } else {
        fields.for_each(|(name, value)| line(&mut out, name, &value));
    }
    terminal::write(&out)?;
    Ok(ExitCode::SUCCESS)
}
