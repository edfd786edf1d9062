//! `neovm nef` and `neovm manifest`: the files of a contract.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, anyhow};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use clap::Subcommand;
use neovm::{
    Hash160,
    chain::contract::contract_hash,
    types::{
        Manifest, MethodToken, NefFile,
        manifest::{ContractDescriptor, Permission, Wildcard},
    },
};
use serde_json::{Value, json};

use crate::{
    args, check,
    input::{self, Format},
    json::push,
    manifest::{self, ManifestFile},
    place::line,
    show, terminal,
};

/// The methods that a contract of a standard has, with their numbers of parameters. An
/// event Transfer belongs to both.
const STANDARDS: &[(&str, &[(&str, usize)])] = &[
    ("NEP-17", &[("symbol", 0), ("decimals", 0), ("totalSupply", 0), ("balanceOf", 1), ("transfer", 4)]),
    (
        "NEP-11",
        &[("symbol", 0), ("decimals", 0), ("totalSupply", 0), ("balanceOf", 1), ("tokensOf", 1), ("transfer", 3)],
    ),
];

/// Show or check a NEF file
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm nef info token.nef --sender NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj
  neovm nef verify token.nef")]
pub(crate) struct NefArgs {
    #[command(subcommand)]
    action: NefAction,
}

#[derive(Subcommand)]
enum NefAction {
    /// Show what a NEF file says
    Info(NefInfoArgs),
    /// Check a NEF file and its script as nodes do when it is deployed
    Verify(NefVerifyArgs),
}

#[derive(clap::Args)]
struct NefVerifyArgs {
    /// The file; - for standard input
    file: PathBuf,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct NefInfoArgs {
    /// The file; - for standard input
    file: PathBuf,
    /// Who deploys it: the hash of the contract depends on that, and on the name in
    /// the manifest beside the file
    #[arg(long, value_name = "ACCOUNT", value_parser = args::account)]
    sender: Option<Hash160>,
    /// The contract's manifest; X.manifest.json beside X.nef unless given
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// Check a manifest
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm manifest check token.manifest.json
  neovm manifest check token.manifest.json --nef token.nef --json")]
pub(crate) struct ManifestArgs {
    #[command(subcommand)]
    action: ManifestAction,
}

#[derive(Subcommand)]
enum ManifestAction {
    /// Check a manifest as nodes do when its contract is deployed, and warn of what is
    /// allowed but hardly meant
    Check(ManifestCheckArgs),
}

#[derive(clap::Args)]
struct ManifestCheckArgs {
    /// The file; - for standard input
    file: PathBuf,
    /// Check as well that each method starts at an instruction of this NEF file's script
    #[arg(long, value_name = "FILE")]
    nef: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn nef(args: &NefArgs) -> Result<ExitCode> {
    match &args.action {
        NefAction::Info(args) => nef_info(args),
        NefAction::Verify(args) => {
            let checked = input::read(&args.file, Format::Nef, None).and_then(check::program);
            verdict(checked, args.json)
        }
    }
}

fn nef_info(args: &NefInfoArgs) -> Result<ExitCode> {
    let program = input::read(&args.file, Format::Nef, args.manifest.as_deref())?;
    let nef = program.nef.as_ref().context("no NEF file")?;
    let contract = match args.sender {
        None => None,
        Some(sender) => Some(contract_hash(sender, nef.checksum(), &program.require_manifest()?.name)),
    };
    let text = if args.json { nef_json(nef, contract).to_string() + "\n" } else { nef_text(nef, contract) };
    terminal::write(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn nef_text(nef: &NefFile, contract: Option<Hash160>) -> String {
    let mut out = String::new();
    line(&mut out, "compiler", &nef.compiler.escape_debug().to_string());
    if !nef.source.is_empty() {
        line(&mut out, "source", &nef.source.escape_debug().to_string());
    }
    line(&mut out, "script", &show::count(nef.script.len() as u64, "byte"));
    line(&mut out, "script hash", &nef.script.hash().to_string());
    line(&mut out, "checksum", &format!("{} ({:#010x})", nef.checksum(), nef.checksum()));
    contract.iter().for_each(|hash| line(&mut out, "contract", &hash.to_string()));
    for (i, token) in nef.tokens.iter().enumerate() {
        let returned = if token.has_return_value { "returns a value" } else { "returns nothing" };
        let parameters = show::count(token.parameters_count.into(), "parameter");
        let (hash, method, flags) = (token.hash, token.method.escape_debug(), token.call_flags);
        line(&mut out, &format!("token {i}"), &format!("{method} of {hash}, {parameters}, {returned}, flags {flags}"));
    }
    out
}

fn nef_json(nef: &NefFile, contract: Option<Hash160>) -> Value {
    let token = |token: &MethodToken| {
        json!({
            "hash": token.hash.to_string(),
            "method": token.method,
            "paramcount": token.parameters_count,
            "hasreturnvalue": token.has_return_value,
            "callflags": token.call_flags.to_string(),
        })
    };
    json!({
        "compiler": nef.compiler,
        "source": nef.source,
        "script": BASE64_STANDARD.encode(nef.script.bytes()),
        "scripthash": nef.script.hash().to_string(),
        "checksum": nef.checksum(),
        "contract": contract.map(|hash| hash.to_string()),
        "tokens": nef.tokens.iter().map(token).collect::<Vec<_>>(),
    })
}

/// Writes whether something is valid; with JSON what is wrong is no error.
fn verdict(checked: Result<String>, json: bool) -> Result<ExitCode> {
    match checked {
        Ok(text) if !json => terminal::write(&text)?,
        Ok(_) => terminal::write("{\"valid\":true}\n")?,
        Err(error) if !json => return Err(manifest::with_place(error)),
        Err(error) => {
            terminal::write(&(json!({"valid": false, "error": format!("{error:#}")}).to_string() + "\n"))?;
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn manifest(args: &ManifestArgs) -> Result<ExitCode> {
    let ManifestAction::Check(args) = &args.action;
    let read = || -> Result<Manifest> {
        let ManifestFile::Read(_, manifest) = ManifestFile::required(&args.file)? else {
            return Err(anyhow!("no manifest"));
        };
        if let Some(nef) = &args.nef {
            input::read(nef, Format::Nef, Some(&args.file))?.check_manifest()?;
        }
        Ok(*manifest)
    };
    let manifest = match read() {
        Ok(manifest) => manifest,
        Err(error) => return verdict(Err(error), args.json),
    };
    let remarks = remarks(&manifest);
    let mut out = String::new();
    if args.json {
        out = json!({"valid": true, "name": manifest.name, "remarks": remarks}).to_string() + "\n";
    } else {
        let count = |number: usize, what: &str| show::count(number as u64, what);
        let (methods, events) =
            (count(manifest.abi.methods.len(), "method"), count(manifest.abi.events.len(), "event"));
        push(&mut out, format_args!("valid: manifest of {:?}, {methods}, {events}\n", manifest.name));
        remarks.iter().for_each(|remark| push(&mut out, format_args!("remark: {remark}\n")));
    }
    terminal::write(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// What nodes allow, although it is hardly meant.
fn remarks(manifest: &Manifest) -> Vec<String> {
    let mut remarks = Vec::new();
    let is_open =
        |permission: &Permission| permission.contract == ContractDescriptor::Any && permission.methods == Wildcard::Any;
    if manifest.permissions.iter().any(is_open) {
        remarks.push("the contract may call every method of every contract".into());
    }
    if manifest.trusts == Wildcard::Any {
        remarks.push("every contract is trusted: wallets warn of none".into());
    }
    for (standard, methods) in STANDARDS {
        if !manifest.supported_standards.iter().any(|declared| declared == standard) {
            continue;
        }
        for (name, count) in *methods {
            if manifest.abi.method(name, Some(*count)).is_none() {
                let parameters = show::count(*count as u64, "parameter");
                remarks.push(format!("{standard} is declared, but there is no method {name} with {parameters}"));
            }
        }
        if !manifest.abi.events.iter().any(|event| &*event.name == "Transfer") {
            remarks.push(format!("{standard} is declared, but there is no event Transfer"));
        }
    }
    remarks
}
