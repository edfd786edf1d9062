//! `neovm call`: methods of contracts on a private chain.

use std::process::ExitCode;

use anyhow::{Context, Result};
use neovm::types::{
    CallFlags, Script, ScriptBuilder, StackItem,
    manifest::{Method, ParameterType},
};
use neovm_private::PrivateChain;

use super::{
    Data,
    accounts::{Sign, account},
    names, outcome,
};
use crate::{
    args,
    chain::{Account, Scopes, signers},
    methods,
};

/// Call a method of a contract on a private chain
///
/// Without --sign it is a test run, of which nothing is kept. With --sign it is a transaction
/// in a block of its own, whose fees the account that signs pays, unless the method faults in a
/// test run before.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm call GAS balanceOf genesis --data mychain
  neovm call NEO vote alice null --sign alice --data mychain
  neovm call 0xef4073a0f2b305a38ec4050e4d3d28bc40ea63f5 symbol --data mychain --json")]
pub(crate) struct CallArgs {
    /// The contract: its hash, the name in its manifest, the name of a native contract, NEO or
    /// GAS
    contract: String,
    /// The method
    method: String,
    /// The arguments, by the types of the parameters as for `neovm run`; accounts also by their
    /// names in the chain's wallet
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
    #[command(flatten)]
    sign: Sign,
    /// Where the signature counts: None, CalledByEntry, Global, or the values
    /// CustomContracts=HASH and CustomGroups=KEY, separated by commas; CalledByEntry unless
    /// given
    #[arg(long, value_name = "SCOPES", requires = "sign")]
    scope: Option<Scopes>,
    #[command(flatten)]
    data: Data,
    /// Write JSON: of a test run the answer of the RPC call invokefunction, of a transaction
    /// that of getapplicationlog
    #[arg(long)]
    json: bool,
}

pub(crate) fn call(args: &CallArgs) -> Result<ExitCode> {
    let mut chain = args.data.open()?;
    let contract = names::contract(&chain, &args.contract)?;
    let method = methods::find(&contract.state().manifest.abi, &args.method, args.args.len())?;
    let (script, returned) = (script(&chain, contract.state().hash, method, &args.args)?, Some(method.return_type));
    let signer = args.sign.resolve(&chain)?;
    let code = match signer {
        None => {
            let receipt = chain.test(&script, &[])?;
            outcome::tested(&chain, &script, &receipt, returned, args.json)?
        }
        Some((account, signing)) => {
            let signers = signers(&[Account::Hash(account)], args.scope.as_slice())?;
            let sent = chain.send(&script, &signers, &signing);
            let (transaction, mined) = sent.map_err(|error| outcome::unsent(&chain, error))?;
            outcome::sent(&chain, &transaction, &mined, returned, &[], args.json)?
        }
    };
    Ok(code.into())
}

/// The script that calls a method.
fn script(chain: &PrivateChain, contract: neovm::Hash160, method: &Method, words: &[String]) -> Result<Script> {
    let named = |(i, word): (usize, &String)| {
        let is_account = method.parameters.get(i).is_some_and(|it| it.parameter_type == ParameterType::Hash160);
        match chain.wallet().find(word) {
            Some(_) if is_account => Ok(account(chain, word)?.to_string()),
            _ => Ok(word.clone()),
        }
    };
    let words = words.iter().enumerate().map(named).collect::<Result<Vec<_>>>()?;
    dynamic_call(contract, &method.name, &args::of_method(&words, &method.parameters)?)
}

/// A script that calls a method.
pub(super) fn dynamic_call(contract: neovm::Hash160, method: &str, arguments: &[StackItem]) -> Result<Script> {
    let script = ScriptBuilder::new().dynamic_call(contract, method, CallFlags::ALL, arguments).build();
    script.context("the arguments cannot be pushed by a script")
}
