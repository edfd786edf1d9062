//! `neovm debug --dap`: the Debug Adapter Protocol on standard input and output.
//!
//! Source: <https://microsoft.github.io/debug-adapter-protocol/specification>.

mod arguments;
mod breakpoints;
mod connection;
mod session;
mod views;

use std::process::ExitCode;

use anyhow::{Result, anyhow, bail, ensure};
use clap::Parser;
use neovm::types::text::quoted;
use serde_json::{Value, json};

use self::{
    arguments::{Initialize, Launch},
    connection::{Connection, Incoming, Request},
    session::Adapter,
};
use super::{DebugArgs, Target, console::Console};
use crate::{Cli, Command, interrupt};

/// What the adapter can do beyond the basic requests.
fn capabilities() -> Value {
    json!({
        "supportsConfigurationDoneRequest": true,
        "supportsFunctionBreakpoints": true,
        "supportsInstructionBreakpoints": true,
        "supportsStepBack": true,
        "supportsSteppingGranularity": true,
        "supportsEvaluateForHovers": true,
        "supportsDisassembleRequest": true,
        "supportsTerminateRequest": true,
        "exceptionBreakpointFilters": [
            {"filter": "fault", "label": "Faults", "default": true},
            {"filter": "thrown", "label": "Faults and all exceptions", "default": false},
        ],
    })
}

/// Whether lines and columns of the client begin with 1.
#[derive(Clone, Copy)]
struct Counting {
    lines: bool,
    columns: bool,
}

impl Counting {
    /// A line as the client counts it.
    fn line(self, line: u32) -> u32 {
        if self.lines { line } else { line.saturating_sub(1) }
    }

    fn column(self, column: u32) -> u32 {
        if self.columns { column } else { column.saturating_sub(1) }
    }

    /// A line of the client, counted from 1.
    fn own_line(self, line: u32) -> u32 {
        if self.lines { line } else { line.saturating_add(1) }
    }
}

/// Serves a client until it disconnects. Programs are those of launch requests, or of the
/// command line.
pub(super) fn serve(args: &DebugArgs) -> Result<ExitCode> {
    let mut connection = Connection::open(interrupt::flag());
    let mut counting = Counting { lines: true, columns: true };
    loop {
        let request = match connection.next() {
            Incoming::Request(request) => request,
            Incoming::Malformed(why) => {
                connection.output("stderr", &format!("{why}\n"))?;
                continue;
            }
            Incoming::Closed(None) => return Ok(ExitCode::SUCCESS),
            Incoming::Closed(Some(why)) => bail!("{why}"),
        };
        match request.command.as_str() {
            "initialize" => {
                let answer = request.arguments::<Initialize>().map(|wanted| {
                    let lines = wanted.lines_start_at1.unwrap_or(true);
                    counting = Counting { lines, columns: wanted.columns_start_at1.unwrap_or(true) };
                    capabilities()
                });
                connection.respond(&request, answer)?;
            }
            "launch" => {
                if launch(&mut connection, &request, args, counting)? {
                    return Ok(ExitCode::SUCCESS);
                }
            }
            "disconnect" | "terminate" => {
                connection.respond(&request, Ok(Value::Null))?;
                return Ok(ExitCode::SUCCESS);
            }
            other => {
                let text = anyhow!("{} comes before launch, or is not supported", quoted(other));
                connection.respond(&request, Err(text))?;
            }
        }
    }
}

/// Debugs what is launched; false if it cannot be.
fn launch(connection: &mut Connection, request: &Request, base: &DebugArgs, counting: Counting) -> Result<bool> {
    let launch: Launch = match request.arguments() {
        Ok(launch) => launch,
        Err(error) => return connection.respond(request, Err(error)).map(|()| false),
    };
    let own;
    let args = match arguments(&launch) {
        Ok(Some(args)) => {
            own = args;
            &own
        }
        Ok(None) if base.invocation.is_stdin() => {
            let why = anyhow!("the launch request names no program, and standard input is the client's");
            return connection.respond(request, Err(why)).map(|()| false);
        }
        Ok(None) => base,
        Err(error) => return connection.respond(request, Err(error)).map(|()| false),
    };
    let target = match Target::read(args) {
        Ok(target) => target,
        Err(error) => return connection.respond(request, Err(error)).map(|()| false),
    };
    let session = match target.session() {
        Ok(session) => session,
        Err(error) => return connection.respond(request, Err(error)).map(|()| false),
    };
    let debugger = match target.debugger(&session) {
        Ok(debugger) => debugger,
        Err(error) => return connection.respond(request, Err(error)).map(|()| false),
    };
    connection.respond(request, Ok(Value::Null))?;
    connection.event("initialized", json!({}))?;
    Adapter::new(connection, Console::new(&target, &session, debugger), counting, launch).serve()?;
    Ok(true)
}

/// The command line that a launch request stands for; none if it names no program.
fn arguments(launch: &Launch) -> Result<Option<Box<DebugArgs>>> {
    let Some(program) = &launch.program else { return Ok(None) };
    ensure!(program != "-", "the program cannot be standard input, which the client uses");
    let mut words = vec!["neovm".to_owned(), "debug".into()];
    let mut option = |name: &str, value: Option<String>| {
        value.into_iter().for_each(|value| words.push(format!("--{name}={value}")));
    };
    option("method", launch.method.clone());
    option("gas", launch.gas.map(|gas| gas.to_string()));
    option("debug-info", launch.debug_info.clone());
    option("source", launch.source.clone());
    launch.signers.iter().for_each(|signer| option("signer", Some(signer.clone())));
    words.extend(launch.options.iter().cloned());
    words.extend(["--".into(), program.clone()]);
    words.extend(launch.args.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), Into::into)));
    match Cli::try_parse_from(words) {
        Ok(Cli { command: Command::Debug(args) }) => Ok(Some(args)),
        Ok(_) => bail!("the options name another command"),
        Err(error) => bail!("{}", error.render().to_string().trim_start_matches("error: ").trim_end()),
    }
}
