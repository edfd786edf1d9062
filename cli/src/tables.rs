//! `neovm opcodes`, `neovm syscalls` and `neovm natives`: the tables of the engine.

use std::{fmt::Write as _, process::ExitCode};

use anyhow::Result;
use neovm::{
    Hardfork, OpCode,
    host::{
        native::{self, NATIVES, NativeContract},
        syscalls::{SYSCALLS, Syscall},
    },
    types::{
        json::Json,
        manifest::ParameterType,
        opcode::{Arity, OpInfo},
    },
};

use crate::terminal;

/// List the system calls
///
/// Each with its parameters, the type of what it returns, its price in units and
/// what a script must be allowed to do. A unit costs 30 datoshi unless the network's
/// policy says otherwise. Some calls charge more than their price, by what they do.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm syscalls
  neovm syscalls --json")]
pub(crate) struct SyscallsArgs {
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// List the opcodes
///
/// Each with its byte, its price in units, the numbers of items that it pops and
/// pushes (n if that depends on the stack or the host) and what it does. A unit costs
/// 30 datoshi unless the network's policy says otherwise.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm opcodes
  neovm opcodes PACK UNPACK
  neovm opcodes --json")]
pub(crate) struct OpcodesArgs {
    /// Only those with these names, or whose names start with them
    names: Vec<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// List the native contracts and their methods
///
/// Each method with its parameters, the type of what it returns, its price in units
/// and in bytes of storage, and what a caller must be allowed to do.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm natives
  neovm natives GasToken --json")]
pub(crate) struct NativesArgs {
    /// Only the contract with this name
    name: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn opcodes(args: &OpcodesArgs) -> Result<ExitCode> {
    let names: Vec<String> = args.names.iter().map(|name| name.to_ascii_uppercase()).collect();
    let is_exact = |name: &String| OpCode::from_mnemonic(name).is_some();
    let wanted = |mnemonic: &str| {
        names.is_empty() || names.iter().any(|name| mnemonic == name || !is_exact(name) && mnemonic.starts_with(name))
    };
    let rows: Vec<&OpInfo> =
        OpCode::ALL.iter().map(|opcode| opcode.info()).filter(|info| wanted(info.mnemonic)).collect();
    if rows.is_empty() {
        return Err(anyhow::anyhow!("there is no opcode {}", args.names.join(" or ")));
    }
    if args.json {
        return write(&(rows.into_iter().map(opcode_json).collect::<Json>().to_string() + "\n"));
    }
    let arity = |arity: Arity| match arity {
        Arity::Exactly(count) => count.to_string(),
        Arity::Variable => "n".into(),
    };
    let row = |info: &OpInfo| {
        let byte = format!("{:02x}", info.opcode as u8);
        let items = format!("{} -> {}", arity(info.pops), arity(info.pushes));
        [info.mnemonic.into(), byte, info.price.to_string(), items, info.doc.into()]
    };
    write(&table(["opcode", "byte", "units", "items", ""], rows.into_iter().map(row).collect(), 4))
}

pub(crate) fn syscalls(args: &SyscallsArgs) -> Result<ExitCode> {
    let text = if args.json {
        SYSCALLS.iter().map(syscall_json).collect::<Json>().to_string() + "\n"
    } else {
        let rows = SYSCALLS.iter().map(|syscall| {
            let signature = signature(syscall.name, syscall.parameters, syscall.returns);
            [signature, syscall.price.to_string(), syscall.flags.to_string(), since(syscall.since, None)]
        });
        table(["system call", "units", "flags", ""], rows.collect(), 0)
    };
    write(&text)
}

pub(crate) fn natives(args: &NativesArgs) -> Result<ExitCode> {
    let name = args.name.as_deref();
    let chosen: Vec<_> = NATIVES.into_iter().filter(|native| name.is_none_or(|name| native.name == name)).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = NATIVES.iter().map(|native| native.name).collect();
        return Err(anyhow::anyhow!("there is no such native contract; there are {}", known.join(", ")));
    }
    let text = if args.json {
        chosen.into_iter().map(native_json).collect::<Json>().to_string() + "\n"
    } else {
        chosen.into_iter().map(native_text).collect::<Vec<_>>().join("\n")
    };
    write(&text)
}

fn write(text: &str) -> Result<ExitCode> {
    terminal::write(text)?;
    Ok(ExitCode::SUCCESS)
}

fn native_text(native: &NativeContract) -> String {
    let mut text = format!("{} {}, id {}", native.name, native.hash, native.id);
    if native.active_in > Hardfork::Genesis {
        let _ = write!(text, ", from {}", native.active_in);
    }
    text.push('\n');
    let rows = native.methods.iter().map(|method| {
        let signature = signature(method.name, method.parameters, method.returns);
        let fee = match method.storage_fee {
            0 => method.cpu_fee.to_string(),
            bytes => format!("{} + {bytes} bytes", method.cpu_fee),
        };
        [signature, fee, method.flags.to_string(), since(method.since, method.until)]
    });
    text + &table(["method", "units", "flags", ""], rows.collect(), 0)
}

fn signature(name: &str, parameters: &[(&str, ParameterType)], returns: ParameterType) -> String {
    let parameters: Vec<String> = parameters.iter().map(|(name, kind)| format!("{name}: {kind}")).collect();
    format!("{name}({}): {returns}", parameters.join(", "))
}

/// When a row is there: `from Echidna`, `until Gorgon`.
fn since(since: Hardfork, until: Option<Hardfork>) -> String {
    let since = (since > Hardfork::Genesis).then(|| format!("from {since}"));
    let until = until.map(|until| format!("until {until}"));
    since.into_iter().chain(until).collect::<Vec<_>>().join(" ")
}

/// Rows in columns, numbers to the left like everything else. At a terminal the column
/// `wide` is as narrow as it must be for lines to fit, and goes on below where it is longer.
fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>, wide: usize) -> String {
    let rows: Vec<[String; N]> = [head.map(String::from)].into_iter().chain(rows).collect();
    fitted(&rows, wide, terminal::width())
}

fn fitted<const N: usize>(rows: &[[String; N]], wide: usize, limit: Option<usize>) -> String {
    /// What the wide column has at least.
    const LEAST: usize = 20;
    let mut widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    if let Some(limit) = limit {
        let others = widths.iter().map(|width| width + 2).sum::<usize>() - widths[wide] - 2;
        widths[wide] = widths[wide].min(limit.saturating_sub(others).max(LEAST));
    }
    let mut text = String::new();
    for row in rows {
        for (i, part) in wrapped(&row[wide], widths[wide]).iter().enumerate() {
            let mut line = String::new();
            for (column, width) in widths.into_iter().enumerate() {
                let cell = if column == wide { part } else { row[column].as_str() };
                let _ = write!(line, "{:<width$}  ", if i == 0 || column == wide { cell } else { "" });
            }
            text.push_str(terminal::cut(line.trim_end(), limit));
            text.push('\n');
        }
    }
    text
}

/// A text in lines that are broken between words; those behind the first are indented.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("a line");
        if line.trim_start().is_empty() || line.chars().count() + 1 + word.chars().count() <= width {
            line.push_str(if line.trim_start().is_empty() { "" } else { " " });
            line.push_str(word);
        } else {
            lines.push(format!("  {word}"));
        }
    }
    lines
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.map(|(key, value)| (key.into(), value)).into())
}

fn parameters_json(parameters: &[(&str, ParameterType)]) -> Json {
    let parameter = |(name, kind): &(&str, ParameterType)| {
        object([("name", (*name).into()), ("type", kind.to_string().as_str().into())])
    };
    parameters.iter().map(parameter).collect()
}

fn hardfork_json(hardfork: Option<Hardfork>) -> Json {
    hardfork.map_or(Json::Null, |hardfork| hardfork.name().into())
}

/// A price, which is far below what a float loses.
fn number(value: u64) -> Json {
    Json::Number(value as f64)
}

fn opcode_json(info: &OpInfo) -> Json {
    let arity = |arity: Arity| match arity {
        Arity::Exactly(count) => number(count.into()),
        Arity::Variable => Json::Null,
    };
    object([
        ("name", info.mnemonic.into()),
        ("byte", number(info.opcode as u64)),
        ("price", number(info.price.into())),
        ("pops", arity(info.pops)),
        ("pushes", arity(info.pushes)),
        ("doc", info.doc.into()),
    ])
}

fn syscall_json(syscall: &Syscall) -> Json {
    let id = syscall.id().to_le_bytes();
    object([
        ("name", syscall.name.into()),
        ("id", hex::encode(id).as_str().into()),
        ("doc", syscall.doc.trim().into()),
        ("parameters", parameters_json(syscall.parameters)),
        ("returntype", syscall.returns.to_string().as_str().into()),
        ("price", number(syscall.price)),
        ("flags", syscall.flags.to_string().as_str().into()),
        ("since", hardfork_json(Some(syscall.since))),
    ])
}

fn native_json(native: &NativeContract) -> Json {
    let event = |event: &native::Event| {
        object([
            ("name", event.name.into()),
            ("parameters", parameters_json(event.parameters)),
            ("since", hardfork_json(Some(event.since))),
            ("until", hardfork_json(event.until)),
        ])
    };
    object([
        ("name", native.name.into()),
        ("id", Json::Number(native.id.into())),
        ("hash", native.hash.to_string().as_str().into()),
        ("doc", native.doc.trim().into()),
        ("since", hardfork_json(Some(native.active_in))),
        ("methods", native.methods.iter().map(method_json).collect()),
        ("events", native.events.iter().map(event).collect()),
    ])
}

fn method_json(method: &native::Method) -> Json {
    object([
        ("name", method.name.into()),
        ("doc", method.doc.trim().into()),
        ("parameters", parameters_json(method.parameters)),
        ("returntype", method.returns.to_string().as_str().into()),
        ("price", number(method.cpu_fee)),
        ("storagefee", number(method.storage_fee.into())),
        ("flags", method.flags.to_string().as_str().into()),
        ("safe", Json::Bool(method.is_safe())),
        ("since", hardfork_json(Some(method.since))),
        ("until", hardfork_json(method.until)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wide_column_goes_on_below() {
        let rows = [["call", "units"], ["put(key: String, value: Integer): Void", "32768"], ["f()", "1"]];
        let rows = rows.map(|row| row.map(String::from));
        let narrow = "\
call                  units
put(key: String,      32768
  value: Integer):
  Void
f()                   1
";
        assert_eq!(fitted(&rows, 0, Some(27)), narrow);
        // What is narrower still is cut off.
        assert_eq!(fitted(&rows, 0, Some(10)).lines().nth(1), Some("put(key: S"));
        let whole = fitted(&rows, 0, None);
        assert_eq!(whole.lines().count(), 3);
        assert_eq!(fitted(&rows, 0, Some(100)), whole);
    }

    #[test]
    fn nothing_but_the_place_of_spaces_changes() {
        let rows = [["PUSH", "0 -> 1", "Pushes what  lies here."].map(String::from)];
        for limit in (0..60).map(Some).chain([None]) {
            let text = fitted(&rows, 2, limit);
            assert!(limit.is_none_or(|limit| text.lines().all(|line| line.chars().count() <= limit)), "{text}");
        }
        let words = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
        assert_eq!(words(&fitted(&rows, 2, Some(34))), words(&fitted(&rows, 2, None)));
    }
}
