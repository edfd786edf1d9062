//! `neovm address`: the forms of an account.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use neovm::{
    Hash160, Script,
    chain::contract::{multisig_script, signature_script},
    crypto::{ADDRESS_VERSION, address_from_script_hash},
    types::manifest::PublicKey,
};

use crate::{args, hash::print, input};

/// Show an account in all its forms
///
/// The address, the script hash as people write it, and the bytes of the hash in the
/// order that scripts hold them; of keys also the verification script.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm address NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj
  neovm address 0xd2a4cff31913016155e38e474a2c06d08be276cf
  neovm address 03b209fd4f53a7170ea4444e0cb0a6bb6a53c2bd016926989cf85f9b0fba17a70c
  neovm address KEY KEY KEY --required 2          # two of three keys
  neovm address --script 0x11c0                   # a script of one's own")]
pub(crate) struct AddressArgs {
    /// An address, 0x and 40 digits, or one or more public keys of 66 digits
    #[arg(value_name = "ACCOUNT|KEY", required_unless_present = "script")]
    accounts: Vec<String>,
    /// How many of several keys must sign; more than two thirds, as for the members of a
    /// committee that agree on a block, unless given
    #[arg(long, value_name = "N")]
    required: Option<usize>,
    /// The account of a verification script, or of a script that runs by itself: digits
    /// after 0x
    #[arg(long, value_name = "0xHEX", conflicts_with_all = ["accounts", "required"])]
    script: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn execute(args: &AddressArgs) -> Result<ExitCode> {
    let (hash, script) = account(args)?;
    let fields = [
        ("address", address_from_script_hash(hash.0, ADDRESS_VERSION)),
        ("hash", hash.to_string()),
        ("bytes", hex::encode(hash.0)),
    ];
    let script = script.map(|script| ("script", hex::encode(script.bytes())));
    print(fields.into_iter().chain(script), args.json)
}

fn account(args: &AddressArgs) -> Result<(Hash160, Option<Script>)> {
    if let Some(digits) = &args.script {
        let script = input::script(&input::hex_bytes(digits)?)?;
        return Ok((script.hash(), Some(script)));
    }
    if let ([one], None) = (&args.accounts[..], args.required)
        && key(one).is_err()
    {
        return Ok((args::account(one).context("an account, or a public key of 66 digits, is needed")?, None));
    }
    let keys = args.accounts.iter().map(|text| key(text)).collect::<Result<Vec<_>>>()?;
    let script = match (&keys[..], args.required) {
        ([key], None) => signature_script(key),
        _ => {
            let required = args.required.unwrap_or(keys.len() - (keys.len() - 1) / 3);
            ensure!((1..=keys.len()).contains(&required), "{required} of {} keys cannot sign", keys.len());
            multisig_script(required, &keys)?
        }
    };
    Ok((script.hash(), Some(script)))
}

fn key(text: &str) -> Result<PublicKey> {
    text.parse().map_err(|error| anyhow!("{text:.80} is no public key: {error}"))
}
