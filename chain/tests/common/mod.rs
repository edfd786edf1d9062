//! Reading recorded data.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use neovm_types::json::Json;
use serde_json::Value;

/// Writes straight to the terminal: what tests print is not shown when they pass.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A file of the project's test data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The folder of recorded outcomes beside the project, if it is there.
pub fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/host");
    folder.exists().then_some(folder)
}

/// The lines of a file of JSON lines, which may be compressed.
pub fn lines(path: &Path) -> Box<dyn Iterator<Item = Value>> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let compressed = path.extension().is_some_and(|extension| extension == "gz");
    let reader: Box<dyn Read> = if compressed { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    Box::new(BufReader::new(reader).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()))
}

/// The bytes of a value of hexadecimal digits.
pub fn hex(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// A value as a test compares it, without regard to the order of keys.
pub fn json(value: &Json) -> Value {
    serde_json::to_value(value).unwrap()
}

/// The blocks of a dump: a count, then a length and a block each.
pub fn read_dump(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 4;
    let mut block = || {
        let length = number(at);
        at += 4 + length;
        bytes[at - length..at].to_vec()
    };
    let blocks: Vec<_> = (0..number(0)).map(|_| block()).collect();
    assert_eq!(at, bytes.len(), "{}", path.display());
    blocks
}
