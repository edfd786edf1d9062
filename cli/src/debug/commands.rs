//! The commands of the debugger, in one table: what `help` says, what is completed and
//! what runs.

use anyhow::{Result, anyhow};
use neovm::types::text::quoted;

use super::{console::Console, inspect, running};
use crate::json::push;

/// A command.
pub(super) struct Command {
    /// The name, and shorter ones.
    pub(super) names: &'static [&'static str],
    arguments: &'static str,
    summary: &'static str,
    /// What there is to say beyond that.
    details: &'static str,
    /// Whether an empty line repeats it.
    pub(super) repeats: bool,
    /// Whether names of variables, methods and the like can follow.
    pub(super) takes_names: bool,
    pub(super) run: fn(&mut Console<'_>, &str) -> Result<String>,
}

impl Command {
    const fn new(
        names: &'static [&'static str],
        arguments: &'static str,
        summary: &'static str,
        run: fn(&mut Console<'_>, &str) -> Result<String>,
    ) -> Self {
        Self { names, arguments, summary, details: "", repeats: false, takes_names: false, run }
    }

    const fn details(self, details: &'static str) -> Self {
        Self { details, ..self }
    }

    const fn repeats(self) -> Self {
        Self { repeats: true, ..self }
    }

    const fn takes_names(self) -> Self {
        Self { takes_names: true, ..self }
    }
}

/// The groups that `help` shows.
const GROUPS: [(&str, &[Command]); 4] =
    [("Running", RUNNING), ("Going back", BACK), ("Stopping", STOPPING), ("Looking", LOOKING)];

const RUNNING: &[Command] = &[
    Command::new(&["start"], "", "go to the first instruction of the method", running::start),
    Command::new(&["run", "r"], "", "run from the beginning to a breakpoint or the end", running::run),
    Command::new(&["continue", "cont", "c"], "[N]", "run on to the Nth breakpoint or the end", running::resume)
        .repeats(),
    Command::new(&["step", "s"], "[N]", "go to the next source line, also in what is called", running::step)
        .details("Where no source line is known, it goes one instruction.")
        .repeats(),
    Command::new(&["next", "n"], "[N]", "go to the next source line, over what is called", running::next)
        .details("Where no source line is known, it goes one instruction and over what that calls.")
        .repeats(),
    Command::new(&["stepinto", "si"], "[N]", "run one instruction", running::step_into).repeats(),
    Command::new(&["stepover", "ni"], "[N]", "run one instruction and all that it calls", running::step_over).repeats(),
    Command::new(&["stepout", "finish", "out"], "", "run until the current function has returned", running::step_out)
        .repeats(),
    Command::new(
        &["goto"],
        "INSTRUCTION",
        "go to a point in time, by the number of instructions before it",
        running::go_to,
    )
    .details("`gas` shows the number of now. It may be before now or after it; breakpoints are ignored."),
];

const BACK: &[Command] = &[
    Command::new(&["back"], "[N]", "go N instructions back", running::back)
        .details("The execution runs again from its beginning, without looking on: a million instructions back take\nmilliseconds.")
        .repeats(),
    Command::new(&["backstep", "bs"], "[N]", "go back to where a source line began, also in what was called", running::back_step)
        .repeats(),
    Command::new(&["backnext", "bn"], "[N]", "go back to where a source line began, over what was called", running::back_next)
        .repeats(),
    Command::new(&["backout", "bo"], "", "go back to where the current function was called", running::back_out).repeats(),
    Command::new(&["backcontinue", "bc"], "", "go back to the last breakpoint before, or the beginning", running::back_continue)
        .repeats(),
];

const STOPPING: &[Command] = &[
    Command::new(&["break", "b"], "[PLACE]", "stop at a place, or show the breakpoints", running::set_break)
        .details(
            "\
PLACE is one of
  12, NAME@12               a position in bytes, of the current contract or another
  METHOD, NAME.METHOD       where a method or function begins
  :13, FILE:13              where a source line begins
  opcode NAME               before each instruction with an opcode
  syscall NAME              before each system call with a name
  storage [CONTRACT] KEY    when an entry has changed; a KEY is 0x and digits, or a text
  exception, fault          before an instruction that throws an exception or faults, or that faults
  gas AMOUNT                when more gas than that was consumed: GAS with a point, or datoshi",
        )
        .takes_names(),
    Command::new(&["tbreak", "tb"], "PLACE", "stop at a place once; places are those of break", running::set_temporary)
        .takes_names(),
    Command::new(&["watch"], "VARIABLE", "stop when the value of a variable has changed", running::watch)
        .details("The variable is that of the frame that is looked at: a name, or arg0, local0, static0.")
        .takes_names(),
    Command::new(&["breakpoints", "bl"], "", "show the breakpoints", running::breakpoints),
    Command::new(&["delete", "del"], "[N..]", "remove breakpoints, all without numbers", running::delete),
    Command::new(&["enable"], "[N..]", "let breakpoints stop again", running::enable),
    Command::new(&["disable"], "[N..]", "let breakpoints not stop", running::disable),
];

const LOOKING: &[Command] = &[
    Command::new(&["where", "w"], "", "show where it stands", inspect::place),
    Command::new(&["frames", "bt", "istack"], "", "show what is running, the current function first", inspect::frames),
    Command::new(&["frame", "f"], "[N]", "look at another frame", inspect::frame),
    Command::new(&["up"], "[N]", "look at the caller", inspect::up).repeats(),
    Command::new(&["down"], "[N]", "look at what was called", inspect::down).repeats(),
    Command::new(&["estack", "es"], "", "show the evaluation stack, its top first", inspect::stack),
    Command::new(&["slots", "locals", "lslot", "aslot"], "", "show arguments and local variables", inspect::slots),
    Command::new(&["statics", "sslot"], "", "show the static fields", inspect::statics),
    Command::new(&["storage"], "[CONTRACT] [PREFIX]", "show the storage of a contract", inspect::storage)
        .details(
            "CONTRACT is a name or a hash, PREFIX the beginning of keys: 0x and digits, or behind a contract a text.",
        )
        .takes_names(),
    Command::new(&["events"], "", "show the events and logs so far", inspect::events),
    Command::new(&["gas"], "", "show instructions and gas, what was consumed and what is left", inspect::gas),
    Command::new(&["list", "l"], "[N]", "show the source, N lines before and behind", inspect::list),
    Command::new(&["disasm", "u", "ops"], "[N]", "show instructions, N before and behind", inspect::disassembly),
    Command::new(&["print", "p"], "[/FORMAT] VALUE", "show a value", inspect::print)
        .details(
            "\
VALUE is a variable, arg0, local0, static0, stack[0] (the top) or result[0], with indices for what is in it:
owners[1], names[\"key\"].
FORMAT is d (decimal), x (hexadecimal), s (text), b (base64), a (hash and address) or j (JSON of the RPC):
print/x owner.",
        )
        .takes_names(),
    Command::new(&["result"], "", "show what the execution returned", inspect::results),
    Command::new(
        &["parse"],
        "TEXT",
        "show what a text may stand for: number, hexadecimal, base64, address, hash",
        inspect::parse,
    ),
    Command::new(&["help", "h", "?"], "[COMMAND]", "show this, or more about a command", help),
    Command::new(&["quit", "q", "exit"], "", "end", quit),
];

pub(super) fn all() -> impl Iterator<Item = &'static Command> {
    GROUPS.iter().flat_map(|(_, commands)| *commands)
}

/// Finds a command by one of its names.
pub(super) fn find(name: &str) -> Result<&'static Command> {
    let found = all().find(|command| command.names.contains(&name));
    found.ok_or_else(|| anyhow!("there is no command {}; `help` lists them", quoted(name)))
}

/// Whether a name is that of a command that shows something, and nothing more.
pub(super) fn only_shows(name: &str) -> bool {
    LOOKING.iter().any(|command| command.names.contains(&name))
}

fn help(_: &mut Console<'_>, name: &str) -> Result<String> {
    let mut out = String::new();
    if name.is_empty() {
        for (group, commands) in GROUPS {
            push(&mut out, format_args!("{group}\n"));
            commands.iter().for_each(|command| push_summary(&mut out, command));
        }
        out.push_str("An empty line repeats a command that goes on.\n");
        return Ok(out);
    }
    let command = find(name)?;
    push(&mut out, format_args!("{} {}\n", command.names.join(", "), command.arguments));
    push(&mut out, format_args!("{}\n{}\n", command.summary, command.details));
    Ok(out.trim_end().to_owned() + "\n")
}

fn push_summary(out: &mut String, command: &Command) {
    let names = command.names.join(", ");
    push(out, format_args!("  {:<28}  {}\n", format!("{names} {}", command.arguments).trim_end(), command.summary));
}

fn quit(console: &mut Console<'_>, _: &str) -> Result<String> {
    console.is_done = true;
    Ok(String::new())
}
