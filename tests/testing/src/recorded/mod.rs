//! Scripts whose outcome in the C# engine was recorded, and the comparison with all that was
//! recorded of it. `tests/data/README.md` describes a line.

mod engine;
mod file;

use std::fmt::{Debug, Write};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use self::{
    engine::trials,
    file::{Chunk, File, read_gz},
};

/// A script and its outcome. Unknown fields are errors, so that nothing that was recorded is left
/// out of the comparison.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The name of the line. The part before the first hyphen is the kind of script.
    pub id: String,
    /// The script.
    #[serde(deserialize_with = "hex_bytes")]
    pub script: Vec<u8>,
    /// The gas limit, in datoshi.
    pub gas_limit: i64,
    /// The name of the handler table; the latest if there is none.
    pub hardfork: Option<String>,
    /// The name of the host; system calls fault if there is none.
    pub host: Option<String>,
    state: String,
    gasconsumed: String,
    exception: Option<String>,
    #[serde(default)]
    exception_loose: bool,
    fault_at: Option<usize>,
    stack: Option<Value>,
    stack_sha256: Option<String>,
    refs: Option<i64>,
    instructions: u64,
    #[serde(rename = "stats")]
    _stats: Option<IgnoredAny>,
    #[serde(rename = "csharp_ns")]
    _nanoseconds: Option<IgnoredAny>,
    #[serde(rename = "csharp_ms")]
    _milliseconds: Option<IgnoredAny>,
}

/// A script and the verdict of strict validation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strict {
    /// The name of the line.
    pub id: String,
    /// The script.
    #[serde(deserialize_with = "hex_bytes")]
    pub script: Vec<u8>,
    /// Whether the script is valid.
    strict: bool,
    /// What the engine says of an invalid script.
    message: Option<String>,
}

/// A line of a file.
#[derive(Debug)]
pub enum Line {
    /// An execution.
    Run(Box<Run>),
    /// A validation.
    Strict(Strict),
}

/// The outcome that a machine came to, in the form that outcomes are recorded in.
pub struct Actual<'a> {
    /// Whether the script halted, instead of faulting.
    pub halted: bool,
    /// The gas consumed, in datoshi.
    pub gas: u128,
    /// The number of instructions begun.
    pub instructions: u64,
    /// The message of the fault.
    pub exception: Option<String>,
    /// The position of the fault.
    pub fault_at: Option<usize>,
    /// The reference counter's count.
    pub references: i64,
    /// Writes the results as JSON, or says why they have no JSON form.
    pub write_stack: &'a dyn Fn(&mut dyn Write) -> Result<(), String>,
}

impl Line {
    /// Parses a line.
    ///
    /// # Panics
    /// If the line is malformed.
    pub fn parse(text: &str) -> Self {
        let result = if text.contains("\"strict\":") {
            serde_json::from_str(text).map(Self::Strict)
        } else {
            serde_json::from_str(text).map(Self::Run)
        };
        result.unwrap_or_else(|error| panic!("{error}: {text:.200}"))
    }
}

impl Run {
    /// Returns the kind of script, by which the id starts.
    pub fn kind(&self) -> &str {
        self.id.split('-').next().unwrap_or_default()
    }

    /// Compares the outcome of a machine with the recorded one. Returns what differs, as text.
    pub fn differences(&self, actual: &Actual<'_>) -> String {
        let mut differences = Differences::default();
        differences.compare("state", self.state.as_str(), if actual.halted { "HALT" } else { "FAULT" });
        differences.compare("gasconsumed", &self.gasconsumed, &actual.gas.to_string());
        differences.compare("instructions", self.instructions, actual.instructions);
        if !self.exception_loose || actual.exception.is_none() {
            differences.compare("exception", &self.exception, &actual.exception);
        }
        if self.state == "HALT" {
            differences.compare("refs", self.refs, Some(actual.references));
            self.compare_stack(actual, &mut differences);
        } else {
            differences.compare("fault_at", self.fault_at, actual.fault_at);
        }
        differences.0
    }

    /// The recorded stack is JSON, a digest of long JSON, or an error for items without a JSON form.
    fn compare_stack(&self, actual: &Actual<'_>, differences: &mut Differences) {
        if let Some(expected) = &self.stack_sha256 {
            let mut hash = HashWriter(Sha256::new());
            let actual = match (actual.write_stack)(&mut hash) {
                Ok(()) => hex::encode(hash.0.finalize())[..32].to_owned(),
                Err(error) => error,
            };
            return differences.compare("stack_sha256", expected, &actual);
        }
        let expected = self.stack.as_ref().expect("a stack or its digest");
        let mut text = String::new();
        match (expected, (actual.write_stack)(&mut text)) {
            (Value::String(error), Err(_)) if error.starts_with("error:") => {}
            (_, Ok(())) => differences.compare("stack", expected, &serde_json::from_str(&text).expect("JSON")),
            (_, Err(error)) => differences.compare("stack", expected, &Value::String(error)),
        }
    }
}

impl Strict {
    /// Compares the result of a validation with the recorded one. Returns what differs, as text.
    pub fn differences(&self, actual: Result<(), String>) -> String {
        let mut differences = Differences::default();
        differences.compare("strict", self.strict, actual.is_ok());
        differences.compare("message", &self.message, &actual.err());
        differences.0
    }
}

/// Digests a text while it is written: some are too long to keep.
struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        // The recorder has not escaped the digits of base64.
        self.0.update(text.replace(r"\u002B", "+").as_bytes());
        Ok(())
    }
}

/// What differs in a line, as text.
#[derive(Default)]
struct Differences(String);

impl Differences {
    fn compare<T: PartialEq + Debug>(&mut self, what: &str, expected: T, actual: T) {
        if expected != actual {
            let (expected, actual) = (format!("{expected:?}"), format!("{actual:?}"));
            write!(self.0, "\n    {what}: expected {expected:.300} got {actual:.300}")
                .expect("a string takes all text");
        }
    }
}

fn hex_bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
    hex::decode(&*text).map_err(serde::de::Error::custom)
}
