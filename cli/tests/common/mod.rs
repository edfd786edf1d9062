//! Runs the program as a user does.

// Each test file uses some of it.
#![allow(dead_code)]

use std::{
    fs,
    io::{ErrorKind, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

/// What a call of the program came to.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Calls the program in the folder of the examples.
pub(crate) fn neovm(args: &[&str]) -> Answer {
    neovm_with(args, b"")
}

/// Calls the program with `input` on standard input.
pub(crate) fn neovm_with(args: &[&str], input: &[u8]) -> Answer {
    let answer = Answer::from(raw(args, input));
    assert!(!answer.err.contains("panicked"), "{args:?}: {}", answer.err);
    answer
}

/// Calls the program and returns its output as bytes.
pub(crate) fn raw(args: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neovm"));
    command.args(args).current_dir(examples());
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    std::thread::scope(|scope| {
        scope.spawn(move || match stdin.write_all(input) {
            // It may end without reading all.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => panic!("{error}"),
            _ => {}
        });
        child.wait_with_output().expect("the program ends")
    })
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("no signal"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

impl Answer {
    /// Checks that it failed with this code and a message that holds these words.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.err);
        assert_eq!(self.out, "");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is missing in {:?}", self.err);
        }
    }

    /// Checks that it went well, and returns the output.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (0, ""));
        &self.out
    }
}

/// The folder of the examples.
pub(crate) fn examples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples"))
}

/// A file of a test.
pub(crate) fn file(name: &str, content: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).expect("the file can be written");
    path.to_str().expect("UTF-8").into()
}

/// The NEF file of a contract, with its manifest beside it.
pub(crate) fn contract(name: &str, script: &[u8], methods: &Value) -> String {
    let nef = neovm::types::NefFile {
        compiler: "test".into(),
        source: String::new(),
        tokens: Vec::new(),
        script: script.into(),
    };
    let path = file(&format!("{name}.nef"), &nef.to_bytes().expect("a NEF file"));
    file(&format!("{name}.manifest.json"), manifest(name, methods).as_bytes());
    path
}

/// The text of a manifest with these methods.
pub(crate) fn manifest(name: &str, methods: &Value) -> String {
    json!({"name": name, "features": {}, "trusts": [], "abi": {"methods": methods, "events": []}}).to_string()
}

/// A method of a manifest.
pub(crate) fn method(name: &str, offset: usize, parameters: Value, returned: &str) -> Value {
    json!({"name": name, "offset": offset, "parameters": parameters, "returntype": returned, "safe": false})
}
