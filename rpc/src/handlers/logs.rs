//! Application logs.
//!
//! Source: `LogReader.cs` of the plugin ApplicationLogs of the reference node.

use neovm_host::Trigger;
use neovm_types::json::Json;

use crate::{
    error::{Answer, ErrorKind},
    node::Node,
    params::{Params, as_text},
};

pub(crate) fn application_log(node: &Node, params: &Params<'_>) -> Answer {
    let log = node.log(params.hash256(0)?).map_err(|error| ErrorKind::InternalServerError.with(error))?;
    let log = log.ok_or_else(|| ErrorKind::InvalidParams.with("Unknown transaction/blockhash"))?;
    match params.optional(1).map(as_text).and_then(|name| trigger(&name)) {
        Some(trigger) => Ok(of_trigger(&log, &format!("{trigger:?}"))),
        None => Ok(log),
    }
}

fn trigger(name: &str) -> Option<Trigger> {
    let all = [Trigger::OnPersist, Trigger::PostPersist, Trigger::Verification, Trigger::Application];
    all.into_iter().find(|trigger| format!("{trigger:?}").eq_ignore_ascii_case(name))
}

/// The log with the executions of a trigger alone.
fn of_trigger(log: &str, trigger: &str) -> String {
    const MAX_DEPTH: usize = 127;
    let Ok(Json::Object(mut members)) = Json::parse(log.as_bytes(), MAX_DEPTH) else { return log.into() };
    for (_, value) in &mut members {
        if let Json::Array(executions) = value {
            executions.retain(|execution| execution.get("trigger").and_then(Json::as_str) == Some(trigger));
        }
    }
    Json::Object(members).to_string()
}
