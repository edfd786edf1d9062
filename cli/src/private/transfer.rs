//! `neovm transfer`: tokens from one account to another.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use neovm::{
    Integer, Receipt, StackItem,
    host::Contract,
    types::{manifest::ParameterType, text::quoted},
};
use neovm_private::PrivateChain;

use super::{
    Data,
    accounts::{Password, account, called_by_entry, signer},
    call::dynamic_call,
    names, outcome,
};

/// Transfer tokens (NEP-17) on a private chain, in a block of their own
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm transfer 1000 GAS --from genesis --to alice --data mychain
  neovm transfer 10 NEO --from wallet.json --to NZNos2WqTbu5oCgyfss9kUJgBXJqhuYAaj --data mychain")]
pub(crate) struct TransferArgs {
    /// The amount, with as many decimals as the token has at most
    amount: String,
    /// The token: NEO, GAS, the hash of a contract, or the name in its manifest
    token: String,
    /// Who pays and signs, as --sign of `neovm call`
    #[arg(long, value_name = "ACCOUNT|FILE")]
    from: String,
    /// Who receives: a name of the chain's wallet, an address, or 0x and 40 digits
    #[arg(long, value_name = "ACCOUNT")]
    to: String,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    data: Data,
    /// Write JSON: the answer of the RPC call getapplicationlog
    #[arg(long)]
    json: bool,
}

pub(crate) fn transfer(args: &TransferArgs) -> Result<ExitCode> {
    let mut chain = args.data.open()?;
    let token = names::contract(&chain, &args.token)?;
    let amount = amount(&args.amount, decimals(&chain, &token)?)?;
    let to = account(&chain, &args.to)?;
    let (from, signing) = signer(&chain, &args.from, &args.password)?;
    let arguments = [from.into(), to.into(), amount.into(), StackItem::Null];
    let script = dynamic_call(token.state().hash, "transfer", &arguments)?;
    let signers = [called_by_entry(from)];
    // A transfer that does not succeed faults nowhere: it returns false.
    let receipt = chain.test(&script, &signers)?;
    if receipt.halted() && !is_true(&receipt) {
        bail!("nothing was sent: {} refuses the transfer: the sender may have too little", args.token);
    }
    let sent = chain.send(&script, &signers, &signing);
    let (transaction, mined) = sent.map_err(|error| outcome::unsent(&chain, error))?;
    let code = outcome::sent(&chain, &transaction, &mined, Some(ParameterType::Boolean), &[], args.json)?;
    Ok(code.into())
}

fn is_true(receipt: &Receipt) -> bool {
    receipt.stack.last().is_some_and(|item| item.to_boolean().is_ok_and(|is_true| is_true))
}

/// The number of decimals that a token has.
fn decimals(chain: &PrivateChain, token: &Contract) -> Result<u32> {
    let name = token.state().manifest.name.escape_debug().to_string();
    let receipt = chain.test(&dynamic_call(token.state().hash, "decimals", &[])?, &[])?;
    let decimals = match &receipt.stack[..] {
        [item] if receipt.halted() => item.to_integer().ok().and_then(|number| number.to_string().parse().ok()),
        _ => None,
    };
    decimals.filter(|decimals: &u32| *decimals <= 77).with_context(|| format!("{name} is no token: it has no decimals"))
}

/// Reads an amount as the least units of a token.
fn amount(text: &str, decimals: u32) -> Result<Integer> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || text.ends_with('.') || !is_number(whole) || !is_number(fraction) || text.len() > 160 {
        bail!("{} is no amount: digits, with a point before the decimals", quoted(text));
    }
    let missing = (decimals as usize).checked_sub(fraction.len());
    let missing =
        missing.ok_or_else(|| anyhow!("{text:.80} has more decimals than the token, which has {decimals}"))?;
    let digits = format!("{whole}{fraction}{}", "0".repeat(missing));
    digits.parse().map_err(|_| anyhow!("{text:.80} is too much"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_the_token() {
        let good = |text, decimals| amount(text, decimals).unwrap().to_string();
        assert_eq!(good("1", 8), "100000000");
        assert_eq!(good("0.00000001", 8), "1");
        assert_eq!(good("12.5", 1), "125");
        assert_eq!(good("007", 0), "7");
        for (text, decimals) in [("1.5", 0), ("", 8), (".5", 8), ("5.", 8), ("-1", 8), ("1e3", 8), ("1.1.1", 8)] {
            assert!(amount(text, decimals).is_err(), "{text}");
        }
        assert!(amount(&"9".repeat(100), 8).is_err());
    }
}
