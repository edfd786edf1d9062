//! A job over the storage of a client.

use std::sync::atomic::Ordering;

use neovm::{
    Execution, Network, Outcome, Stop, Store,
    host::{
        self, CallNode, CallTrace, Receipt,
        job_file::{JobFile, OwnedJob, RecordingStore},
    },
};
use serde_json::{Value, json, value::RawValue};

use super::{
    connection::{Broken, Connection},
    message::{self, Answer, status},
    store::{Failure, Habits, RemoteStore},
};

/// What came of a job.
enum Ending {
    Receipt { receipt: Value, instructions: u64, file: Option<Box<RawValue>> },
    Stopped(&'static str),
    Error(i32, String),
}

/// Runs a job and sends what came of it.
pub(crate) fn run(
    connection: &Connection,
    network: &Network,
    habits: &Habits,
    request: &message::Run,
) -> Result<(), Broken> {
    let store = RemoteStore::new(connection, habits);
    let ending = match OwnedJob::from_json(request.job.get().as_bytes()) {
        Ok(job) => execute(connection, network, &store, &job, request),
        Err(error) => Ending::Error(status::INPUT, format!("the job: {error}")),
    };
    // Whatever the script made of it.
    match store.into_failure() {
        Some(Failure::Storage(status, why)) => return connection.send(&Answer::Storage { status, message: &why }),
        Some(Failure::Broken(broken)) => return Err(broken),
        None => {}
    }
    connection.send(&match &ending {
        Ending::Receipt { receipt, instructions, file } => {
            Answer::Receipt { receipt, instructions: *instructions, file: file.as_deref() }
        }
        Ending::Stopped(by) => Answer::Stopped(by),
        Ending::Error(status, message) => Answer::Error { status: *status, message },
    })
}

fn execute(
    connection: &Connection,
    network: &Network,
    store: &RemoteStore<'_>,
    job: &OwnedJob,
    request: &message::Run,
) -> Ending {
    let flag = connection.running.begin(request.id);
    store.begin(&host::first_reads());
    let recorder = request.file.then(|| RecordingStore::new(store));
    let read: &dyn Store = recorder.as_ref().map_or(store, |recorder| recorder);
    let mut execution = match Execution::new(network, read, &job.job()) {
        Ok(execution) => execution,
        Err(fault) => return Ending::Error(status::STATE, fault.to_string()),
    };
    execution.set_interrupt(Some(flag.clone()));
    execution.set_budget(request.budget.filter(|budget| *budget > 0));
    let mut calls = CallTrace::default();
    let outcome = if request.calls {
        let outcome = execution.run_watched(|execution| calls.watch(execution));
        // The last instruction may have loaded a script, too.
        calls.watch(&execution);
        outcome
    } else {
        execution.run()
    };
    let instructions = execution.vm().instructions();
    let receipt = execution.finish();
    match outcome {
        Outcome::Stopped(Stop::Budget) => return Ending::Stopped("budget"),
        Outcome::Stopped(_) => {
            return Ending::Stopped(if flag.load(Ordering::Relaxed) { "cancelled" } else { "budget" });
        }
        _ if store.has_failed() => return Ending::Stopped("failed"),
        _ => {}
    }
    let file = recorder.as_ref().map(|recorder| job_file(network, recorder, job, receipt.clone()));
    let mut json = receipt.to_json(job.gas);
    if request.calls {
        let node = |call: &CallNode| json!({"depth": call.depth, "hash": call.script_hash.to_string()});
        json["calls"] = calls.nodes().iter().map(node).collect();
    }
    Ending::Receipt { receipt: json, instructions, file }
}

/// A job file with what was read, and with the receipt.
pub(crate) fn job_file(
    network: &Network,
    recorder: &RecordingStore<'_>,
    job: &OwnedJob,
    mut receipt: Receipt,
) -> Box<RawValue> {
    let net = receipt.retain_net_changes(recorder);
    // Values before the changes were read, too.
    let mut file = JobFile::new(network.settings().clone(), recorder.read(), job.clone());
    if net.is_ok() {
        file.receipt = Some(receipt.to_json(job.gas));
    }
    // What is written is JSON.
    RawValue::from_string(file.to_json()).unwrap_or_default()
}
