//! `neovm encode` and `neovm decode`: scripts of calls.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, anyhow};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use neovm::{
    Hash160, Script, StackItem,
    chain::Transaction,
    crypto::{ADDRESS_VERSION, address_from_script_hash},
    host::native::{self, NATIVES},
    types::{
        CallFlags, Manifest, ScriptBuilder,
        manifest::{Parameter, ParameterType},
        text::quoted,
    },
};
use neovm_workbench::Explanation;
use serde_json::{Value, json};

use crate::{args, input, manifest::ManifestFile, methods, place::line, show, terminal};

/// Write the script that calls a method of a contract
///
/// The script is that of a transaction, or of the RPC call invokescript. The types of
/// the arguments are known of native contracts, and with --manifest of others; otherwise
/// the arguments are JSON or in the form of the RPC, such as
/// {"type":"Hash160","value":"0x.."}.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm encode GasToken balanceOf NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj
  neovm encode 0xeccc837c552a4ebfef9ebf4f2d42ac902994122f fib 10 --manifest arith.manifest.json
  neovm encode NeoToken transfer FROM TO 1 null --assert --base64")]
pub(crate) struct EncodeArgs {
    /// The contract: the name of a native one, 0x and 40 digits, or an address
    contract: String,
    /// The method
    method: String,
    /// The arguments, written as for run
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
    /// The manifest of the contract, which names the types of the arguments
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// What the method may do: call flags with commas between
    #[arg(long, value_name = "FLAGS", default_value_t = CallFlags::ALL)]
    flags: CallFlags,
    /// Fail unless the method returns true, as wallets do for transfers
    #[arg(long)]
    assert: bool,
    /// Write base64 instead of hexadecimal digits
    #[arg(long, conflicts_with = "json")]
    base64: bool,
    /// Write JSON: the script in both forms, and its hash
    #[arg(long)]
    json: bool,
}

pub(crate) fn encode(args: &EncodeArgs) -> Result<ExitCode> {
    let native = NATIVES.into_iter().find(|native| native.name == args.contract);
    let hash = match native {
        Some(native) => native.hash,
        None => args::account(&args.contract).context("the contract")?,
    };
    let arguments = arguments(args, hash)?;
    let mut builder = ScriptBuilder::new();
    builder.dynamic_call(hash, &args.method, args.flags, &arguments);
    if args.assert {
        builder.op(neovm::OpCode::ASSERT);
    }
    let script = builder.build().context("the arguments cannot be pushed by a script")?;
    let (digits, base64) = (hex::encode(script.bytes()), BASE64_STANDARD.encode(script.bytes()));
    let text = if args.json {
        json!({"hex": digits, "base64": base64, "hash": script.hash().to_string()}).to_string()
    } else if args.base64 {
        base64
    } else {
        format!("0x{digits}")
    };
    terminal::write(&(text + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The arguments, by the types that are known of them.
fn arguments(args: &EncodeArgs, hash: Hash160) -> Result<Vec<StackItem>> {
    if let Some(path) = &args.manifest {
        let ManifestFile::Read(_, manifest) = ManifestFile::required(path)? else { return args::untyped(&args.args) };
        return typed_by(&manifest, args);
    }
    let Some(native) = native::find(hash) else { return args::untyped(&args.args) };
    let count = args.args.len();
    let method = native.methods.iter().rev().find(|one| one.name == args.method && one.parameters.len() == count);
    let method = method.ok_or_else(|| {
        anyhow!(
            "{} has no method {} with {}; see neovm natives {}",
            native.name,
            quoted(&args.method),
            show::count(count as u64, "parameter"),
            native.name
        )
    })?;
    let parameter = |(name, parameter_type): &(&str, ParameterType)| Parameter {
        name: (*name).into(),
        parameter_type: *parameter_type,
    };
    args::of_method(&args.args, &method.parameters.iter().map(parameter).collect::<Vec<_>>())
}

fn typed_by(manifest: &Manifest, args: &EncodeArgs) -> Result<Vec<StackItem>> {
    let method = methods::find(&manifest.abi, &args.method, args.args.len())?;
    args::of_method(&args.args, &method.parameters)
}

/// Say in words what a script does
///
/// The calls of a script with their arguments, as far as these are fixed, what a
/// verification script demands, and with --transaction also who sends a transaction, what
/// it costs and where its signatures count.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm decode 0x10c00c0464656369...       # hexadecimal digits
  neovm decode EMAfDAhkZWNpbWFscwwU... --format base64
  neovm decode transaction.hex --transaction")]
pub(crate) struct DecodeArgs {
    /// The script: a file, - for standard input, or hexadecimal digits after 0x
    #[arg(value_name = "FILE|0xHEX")]
    script: PathBuf,
    /// What the input is; recognized by its content unless given
    #[arg(long, value_enum, default_value_t)]
    format: input::Format,
    /// The input is a transaction
    #[arg(long)]
    transaction: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn decode(args: &DecodeArgs) -> Result<ExitCode> {
    let program = input::read(&args.script, args.format, None)?;
    let transaction = match args.transaction {
        true => Some(Transaction::parse(program.script.bytes()).with_context(|| program.name.clone())?),
        false => None,
    };
    let script = transaction.as_ref().map_or(&program.script, |transaction| &transaction.script);
    let explanation = Explanation::of(script);
    let text = if args.json {
        json(transaction.as_ref(), script, &explanation).to_string() + "\n"
    } else {
        transaction.as_ref().map_or_else(String::new, head) + &explanation.to_string()
    };
    terminal::write(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn json(transaction: Option<&Transaction>, script: &Script, explanation: &Explanation) -> Value {
    let mut json = json!({"hash": script.hash().to_string(), "does": explanation.json()});
    if let Some(transaction) = transaction {
        let text = transaction.to_json(ADDRESS_VERSION).to_string();
        json["transaction"] = serde_json::from_str(&text).unwrap_or_default();
    }
    json
}

/// A transaction without its script.
fn head(transaction: &Transaction) -> String {
    let mut out = String::new();
    line(&mut out, "transaction", &transaction.hash().to_string());
    let sender = address_from_script_hash(transaction.sender().0, ADDRESS_VERSION);
    line(&mut out, "sender", &sender);
    line(&mut out, "system fee", &format!("{} GAS", fee(transaction.system_fee)));
    line(&mut out, "network fee", &format!("{} GAS", fee(transaction.network_fee)));
    line(&mut out, "valid until", &format!("block {}", transaction.valid_until_block));
    for signer in &transaction.signers {
        line(&mut out, "signer", &format!("{} {}", signer.account, signer.scopes));
    }
    for attribute in &transaction.attributes {
        line(&mut out, "attribute", &attribute.to_json().to_string());
    }
    out
}

/// An amount that is not negative in a valid transaction.
fn fee(datoshi: i64) -> String {
    let sign = if datoshi < 0 { "-" } else { "" };
    format!("{sign}{}", show::gas(datoshi.unsigned_abs().into()))
}
