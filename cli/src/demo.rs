//! `neovm demo`: what the engine does, in a minute.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use neovm::{
    Chain, Engine, EngineConfig, Gas, Hash160, JitMode, LoadOptions, NoHost, Outcome, ProtocolSettings, RunOptions,
    Signer, StackItem, Vm, WitnessScopes,
    host::{HardforkHeights, Invocation},
    types::{assemble, hash::hash160},
};

use crate::{
    evm,
    input::TEST_GAS,
    show,
    terminal::{self, BAD, GOOD, NOTE},
};

/// The token of examples/contracts.
const TOKEN: &[u8] = include_bytes!("demo/token.nef");
const TOKEN_MANIFEST: &[u8] = include_bytes!("demo/token.manifest.json");

const ARITHMETIC: &str = "PUSH10
PUSHINT8 20
ADD
PUSH5
MUL";

/// Adds the numbers below a million.
const LOOP: &str = "      INITSLOT 2, 0
      PUSHINT32 1000000
      STLOC0
      PUSH0
      STLOC1
next: LDLOC0
      DEC
      STLOC0
      LDLOC1
      LDLOC0
      ADD
      STLOC1
      LDLOC0
      JMPIF next
      LDLOC1";

const EXCEPTION: &str = "        TRY caught, -
        PUSHDATA1 \"out of paper\"
        THROW
caught: PUSHDATA1 \"caught: \"
        SWAP
        CAT
        CONVERT ByteString
        ENDTRY done
done:   RET";

const HOSTILE: &str = "again: JMP again";

/// What is shown: a title, and what runs.
type Part = (&'static str, fn() -> Result<()>);

const PARTS: [Part; 6] = [
    ("A script", arithmetic),
    ("The same loop, interpreted and compiled", compiled),
    ("An exception", exception),
    ("A token on a chain", token),
    ("A script that never ends", hostile),
    ("The other machine", ethereum),
];

/// Show what the engine does, in a minute
///
/// Arithmetic with its gas, a loop interpreted and compiled, an exception, a token on a
/// chain in memory, a script that would never end, and Ethereum bytecode.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm demo
  neovm demo --yes      # without pauses")]
pub(crate) struct DemoArgs {
    /// Do not wait for Enter between the parts. Nothing waits either if standard input is
    /// no terminal
    #[arg(long, short)]
    yes: bool,
}

pub(crate) fn execute(args: &DemoArgs) -> Result<ExitCode> {
    let waits = !args.yes && io::stdin().is_terminal();
    let count = PARTS.len();
    for (i, (title, part)) in PARTS.into_iter().enumerate() {
        terminal::write(&format!("{NOTE}{}/{count}  {title}{NOTE:#}\n\n", i + 1))?;
        part()?;
        terminal::write("\n")?;
        if waits && i + 1 < count {
            terminal::write("Enter goes on. ")?;
            let read = io::stdin().read_line(&mut String::new()).context("cannot read from standard input")?;
            // The end of the input is as good as Ctrl-C.
            if read == 0 {
                return Ok(ExitCode::SUCCESS);
            }
            terminal::write("\n")?;
        }
    }
    terminal::write("More: neovm --help, and docs/guide.md\n")?;
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) -> Result<()> {
    terminal::write(&format!("{text}\n"))
}

fn show_script(text: &str) -> Result<()> {
    let lines: String = text.lines().map(|line| format!("    {line}\n")).collect();
    say(&lines)
}

/// A script that ran, and how long that took.
fn run(text: &str, jit: JitMode, gas: i64) -> Result<(Vm, Outcome, Duration)> {
    let engine = Engine::new(EngineConfig::default().with_jit(jit));
    let code = engine.prepare(&assemble(text)?)?;
    let mut vm = engine.vm(RunOptions::new(Gas::from_datoshi(gas)));
    vm.load(code, LoadOptions::default())?;
    let begun = Instant::now();
    let outcome = vm.run(&mut NoHost);
    Ok((vm, outcome, begun.elapsed()))
}

fn ended(vm: &Vm, outcome: &Outcome) -> String {
    let gas = show::gas(vm.gas_consumed().datoshi_ceil());
    let count = show::count(vm.instructions(), "instruction");
    match outcome {
        Outcome::Halt => {
            let results: Vec<String> = vm.results().iter().map(show::item).collect();
            format!("{GOOD}HALT{GOOD:#} with {}, after {count} for {gas} GAS", results.join(", "))
        }
        Outcome::Fault(fault) => format!("{BAD}FAULT{BAD:#}: {}, after {count} for {gas} GAS", fault.kind),
        _ => "stopped".into(),
    }
}

fn arithmetic() -> Result<()> {
    say("Scripts are bytes; this one has six. Each instruction has a price.\n")?;
    show_script(ARITHMETIC)?;
    let (vm, outcome, _) = run(ARITHMETIC, JitMode::Off, TEST_GAS)?;
    say(&ended(&vm, &outcome))
}

fn compiled() -> Result<()> {
    say("A million turns of a loop. What is hot becomes machine code, and nobody can tell but by the time:")?;
    say("result, gas and the number of instructions are the same.\n")?;
    show_script(LOOP)?;
    let (interpreted, outcome, slow) = run(LOOP, JitMode::Off, TEST_GAS)?;
    say(&format!("interpreted  {:>8.2} ms  {}", slow.as_secs_f64() * 1e3, ended(&interpreted, &outcome)))?;
    let (compiled, outcome, fast) = run(LOOP, JitMode::Eager, TEST_GAS)?;
    say(&format!("compiled     {:>8.2} ms  {}", fast.as_secs_f64() * 1e3, ended(&compiled, &outcome)))?;
    let of = |vm: &Vm| (vm.results().iter().map(show::item).collect::<Vec<_>>(), vm.gas_consumed(), vm.instructions());
    ensure!(of(&interpreted) == of(&compiled), "the compiler and the interpreter differ: please report this");
    say(&format!(
        "\n{:.1} times as fast, without the time that it took to compile.",
        slow.as_secs_f64() / fast.as_secs_f64()
    ))
}

fn exception() -> Result<()> {
    say("A script throws, and catches what it threw.\n")?;
    show_script(EXCEPTION)?;
    let (vm, outcome, _) = run(EXCEPTION, JitMode::Off, TEST_GAS)?;
    say(&ended(&vm, &outcome))
}

fn token() -> Result<()> {
    say("A chain in memory, with all native contracts. A contract in Python, compiled with neo3-boa")?;
    say("(examples/contracts/token.py), is deployed; its owner makes a thousand tokens, and 400 change hands.\n")?;
    let begun = Instant::now();
    let settings =
        ProtocolSettings { hardforks: HardforkHeights::all_until(Default::default()), ..ProtocolSettings::private() };
    let mut chain = Chain::new(settings)?;
    let account = |name: &str| Signer::new(hash160(name.as_bytes()), WitnessScopes::CALLED_BY_ENTRY);
    let (owner, alice, bob) = (account("owner"), account("alice"), account("bob"));
    let contract = chain.deploy(owner.clone(), TOKEN, TOKEN_MANIFEST)?;
    let hash = contract.state().hash;
    say(&format!("deployed  {} {hash}", contract.state().manifest.name))?;
    call(&mut chain, hash, "mint", vec![alice.account.into(), 1000.into()], &owner)?;
    let transfer = vec![alice.account.into(), bob.account.into(), 400.into(), StackItem::Null];
    call(&mut chain, hash, "transfer", transfer.clone(), &bob)?;
    call(&mut chain, hash, "transfer", transfer, &alice)?;
    call(&mut chain, hash, "balanceOf", vec![bob.account.into()], &bob)?;
    say(&format!("\nall of it in {:.1} ms; no node runs", begun.elapsed().as_secs_f64() * 1e3))
}

fn call(chain: &mut Chain, hash: Hash160, method: &str, arguments: Vec<StackItem>, signer: &Signer) -> Result<()> {
    let call = Invocation::call(hash, method, arguments)?.with_signer(signer.clone());
    let receipt = chain.execute(&call)?;
    if let Some(fault) = receipt.fault {
        return Err(fault.kind.into());
    }
    let who = ["owner", "alice", "bob"].into_iter().find(|name| hash160(name.as_bytes()) == signer.account);
    let who = who.unwrap_or("somebody");
    let result = receipt.stack.first().filter(|item| !item.is_null()).map(show::item);
    let result = result.map_or_else(String::new, |result| format!(" returns {result}"));
    let events: Vec<&str> = receipt.notifications.iter().map(|event| &*event.event).collect();
    let events = if events.is_empty() { String::new() } else { format!(", event {}", events.join(", ")) };
    let gas = show::gas(receipt.gas_consumed.datoshi_ceil());
    say(&format!("{method:<9} signed by {who}{result}{events}, for {gas} GAS"))
}

fn hostile() -> Result<()> {
    say("Anybody may send a script to a node. What it pays for ends it: here one GAS.\n")?;
    show_script(HOSTILE)?;
    let (vm, outcome, time) = run(HOSTILE, JitMode::default(), 1_0000_0000)?;
    say(&ended(&vm, &outcome))?;
    say(&format!("It ran for {:.1} ms.", time.as_secs_f64() * 1e3))
}

fn ethereum() -> Result<()> {
    say("The same program runs the EVM's bytecode, over the same stores: (15 + 25) / 2.\n")?;
    evm::demo::show(&mut say)
}
