//! Application logs.
//!
//! Source: `LogReader.cs` of the plugin ApplicationLogs of the reference node.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    error::{Answer, ErrorKind},
    node::Node,
    output::{Object, list},
    params::{Params, as_text, trimmed},
};

pub(crate) fn application_log(node: &Node, params: &Params<'_>) -> Answer {
    let log = node.log(params.hash256(0)?).map_err(|error| ErrorKind::InternalServerError.with(error))?;
    let log = log.ok_or_else(|| ErrorKind::InvalidParams.with("Unknown transaction/blockhash"))?;
    match params.optional(1).map(as_text).filter(|name| is_trigger(name)) {
        Some(trigger) => of_trigger(&log, &trigger).map_err(|error| ErrorKind::InternalServerError.with(error)),
        None => Ok(log),
    }
}

/// Whether the reference takes a text for triggers: names, separated by commas, or their number. Others are passed over.
///
/// Source: `TriggerType.cs` and .NET's `Enum.TryParse`.
fn is_trigger(text: &str) -> bool {
    const NAMES: [&str; 6] = ["OnPersist", "PostPersist", "Verification", "Application", "System", "All"];
    let is_name = |part: &str| NAMES.iter().any(|name| name.eq_ignore_ascii_case(part.trim()));
    trimmed(text).parse::<u8>().is_ok() || text.split(',').all(is_name)
}

/// A log. Its items may be nested as deeply as a contract likes: they are passed over as text.
#[derive(Deserialize)]
struct Log<'a> {
    txid: Option<String>,
    blockhash: Option<String>,
    #[serde(borrow)]
    executions: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Execution {
    trigger: String,
}

/// The log with the executions of a trigger alone, if it is the name of one.
fn of_trigger(log: &str, trigger: &str) -> serde_json::Result<String> {
    let log: Log<'_> = serde_json::from_str(log)?;
    let mut of_trigger = Vec::new();
    for execution in log.executions {
        if serde_json::from_str::<Execution>(execution.get())?.trigger.eq_ignore_ascii_case(trigger) {
            of_trigger.push(execution.get().to_owned());
        }
    }
    let mut out = Object::new();
    for (key, hash) in [("txid", log.txid), ("blockhash", log.blockhash)] {
        if let Some(hash) = hash {
            out = out.text(key, &hash);
        }
    }
    Ok(out.raw("executions", list(of_trigger)).finish())
}
