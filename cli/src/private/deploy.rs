//! `neovm deploy`: contracts onto a private chain.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use neovm::{chain::contract::contract_hash, host::native, types::manifest::ParameterType};

use super::{
    Data,
    accounts::{Sign, called_by_entry},
    call::dynamic_call,
    outcome,
};
use crate::{Usage, args, input, manifest::ManifestFile};

/// Deploy a contract onto a private chain, in a block of its own
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm deploy token.nef --sign genesis --data mychain
  neovm deploy token.nef --manifest other.manifest.json --sign alice --data mychain --json")]
pub(crate) struct DeployArgs {
    /// The NEF file
    #[arg(value_name = "FILE.nef")]
    nef: PathBuf,
    /// The contract's manifest; X.manifest.json beside X.nef unless given
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// What the contract's method _deploy is given, as JSON or an argument of the RPC; null
    /// unless given
    #[arg(long, value_name = "JSON")]
    argument: Option<String>,
    #[command(flatten)]
    sign: Sign,
    #[command(flatten)]
    data: Data,
    /// Write JSON: the answer of the RPC call getapplicationlog
    #[arg(long)]
    json: bool,
}

pub(crate) fn deploy(args: &DeployArgs) -> Result<ExitCode> {
    let program = input::read(&args.nef, input::Format::Nef, args.manifest.as_deref())?;
    let nef = program.nef.as_ref().context("no NEF file")?;
    program.require_manifest()?;
    program.check_manifest()?;
    let ManifestFile::Read(path, manifest) = &program.manifest else { return Err(Usage("no manifest".into()).into()) };
    let text = input::read_limited(path, neovm::types::Manifest::MAX_LENGTH)?;
    let mut arguments = vec![nef.to_bytes()?.into(), text.into()];
    if let Some(argument) = &args.argument {
        arguments.extend(args::untyped(std::slice::from_ref(argument))?);
    }
    let management = native::NATIVES[0].hash;
    let script = dynamic_call(management, "deploy", &arguments)?;
    let mut chain = args.data.open()?;
    let signer = args.sign.resolve(&chain)?;
    let (account, signing) = signer.ok_or_else(|| Usage("who deploys the contract? Add --sign".into()))?;
    let hash = contract_hash(account, nef.checksum(), &manifest.name);
    let sent = chain.send(&script, &[called_by_entry(account)], &signing);
    let (transaction, mined) = sent.map_err(|error| outcome::unsent(&chain, error))?;
    let more = [("contract", format!("{} {hash}", manifest.name.escape_debug()))];
    let code = outcome::sent(&chain, &transaction, &mined, Some(ParameterType::Void), &more, args.json)?;
    Ok(code.into())
}
