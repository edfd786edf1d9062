//! Who signs a test invocation.
//!
//! Source: `ParameterConverter.cs` (`ToSignersAndWitnesses`) of the plugin RpcServer of the reference node.

use neovm_chain::{Signer, Transaction, UnsignedTransaction, Witness, WitnessScopes};
use neovm_types::{Script, base64, json::Json};

use crate::{
    error::{ErrorKind, RpcError},
    params::{Params, account, as_text, invalid, trimmed},
};

type Result<T> = std::result::Result<T, RpcError>;

/// The lists of a signer, each of which is empty if it is missing.
const LISTS: [&str; 3] = ["allowedcontracts", "allowedgroups", "rules"];

/// Reads a parameter of a call that is a list of signers; none if it is missing.
///
/// Their witnesses are read and not looked at further: they count as given.
pub(crate) fn signers(params: &Params<'_>, index: usize, address_version: u8) -> Result<Option<Vec<Signer>>> {
    if params.optional(index).is_none() {
        return Ok(None);
    }
    let values = params.list(index)?;
    if values.len() > Transaction::MAX_ATTRIBUTES {
        return Err(ErrorKind::InvalidParams.with("Max allowed signers exceeded."));
    }
    values.iter().map(|value| signer(value, address_version)).collect::<Result<_>>().map(Some)
}

/// Makes a transaction of signers that pays nothing and has empty witnesses.
///
/// # Errors
/// If the signers cannot be those of a transaction.
pub(crate) fn transaction(signers: Vec<Signer>, script: Script, valid_until_block: u32) -> Result<Transaction> {
    let unsigned = UnsignedTransaction {
        version: 0,
        nonce: 0,
        system_fee: 0,
        network_fee: 0,
        valid_until_block,
        signers,
        attributes: Vec::new(),
        script,
    };
    unsigned.with_empty_witnesses().map_err(|error| ErrorKind::InvalidParams.with(error))
}

fn signer(value: &Json, address_version: u8) -> Result<Signer> {
    let Json::Object(members) = value else { return Err(invalid("Signer", value)) };
    check_witness(value)?;
    let mut members = members.clone();
    for (key, value) in &mut members {
        match key.as_str() {
            // An address will do as well as a hash.
            "account" => {
                let hash = account(&as_text(value), address_version);
                *value = hash.ok_or_else(|| invalid("Address", value))?.to_string().into();
            }
            // And a number as well as names.
            "scopes" => {
                let number = trimmed(&as_text(value)).parse().ok();
                if let Some(scopes) = number.and_then(WitnessScopes::from_bits) {
                    *value = scopes.to_string().into();
                }
            }
            _ => {}
        }
    }
    for list in LISTS {
        if value.get(list).is_none_or(|value| *value == Json::Null) {
            members.retain(|(key, _)| key != list);
            members.push((list.into(), Json::Array(Vec::new())));
        }
    }
    Signer::from_json(&Json::Object(members)).map_err(|error| ErrorKind::InvalidParams.with(error))
}

/// Checks the scripts that may stand beside a signer.
fn check_witness(signer: &Json) -> Result<()> {
    let limit = Witness::MAX_SCRIPT_SIZE;
    for name in ["invocation", "verification"] {
        let Some(value) = signer.get(name).filter(|value| **value != Json::Null) else { continue };
        let script = base64::decode(&as_text(value)).map_err(|_| invalid(name, value))?;
        if script.len() > limit {
            return Err(ErrorKind::InvalidParams.with(format_args!("the {name} script has more than {limit} bytes")));
        }
    }
    Ok(())
}
