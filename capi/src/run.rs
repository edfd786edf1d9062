//! The executor level.

use neovm::{
    Execution, Network, Stop, Store,
    host::{
        self, CallTrace,
        job_file::{JobFile, OwnedJob, RecordingStore},
    },
};

use crate::{
    abi::*,
    boundary::{self, Failure, Outcome, guard_with},
    engine::{engine, interrupt_flag},
    job,
    receipt::{Ending, Frozen, publish},
    storage::{CallbackStore, neovm_storage},
};

/// Runs a job over a storage and makes a receipt, which is to be released by `neovm_receipt_free`. Neither the storage
/// nor the engine changes: the receipt lists what to write.
///
/// All that the arguments point to must be there until this returns, and need not be there afterwards. Any number of
/// threads may run jobs with one engine at once, and a call-back may run one, too.
///
/// Whatever the script does, the result is `NEOVM_OK` and a receipt. Without a receipt, the job or the storage cannot be
/// used, and `message` says why.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn neovm_run(
    engine: neovm_engine,
    job: *const neovm_job,
    storage: *const neovm_storage,
    receipt: *mut neovm_receipt,
    message: *mut neovm_message,
) -> i32 {
    let body = || {
        boundary::check(receipt)?;
        let network = self::engine(engine)?;
        // SAFETY: structs of the caller are what their sizes say, and what they point to is there.
        let (form, table) = unsafe { (boundary::read(job)?, boundary::read(storage)?) };
        if form.wanted & !(NEOVM_WANT_CALLS | NEOVM_WANT_FILE) != 0 {
            return Err(Failure::argument(format!("wanted: {:#x}", form.wanted)));
        }
        let store = CallbackStore::new(table)?;
        // SAFETY: see above.
        let job = unsafe { job::owned(&form)? };
        let run = Run { network: &network, store: &store, job, form: &form };
        let frozen = run.run()?;
        // SAFETY: the caller has room for the handle.
        unsafe { boundary::put(receipt, publish(frozen)?) }
    };
    // SAFETY: the message is what its size says.
    unsafe { guard_with(message, body) }
}

struct Run<'a> {
    network: &'a Network,
    store: &'a CallbackStore,
    job: OwnedJob,
    form: &'a neovm_job,
}

impl Run<'_> {
    fn run(self) -> Outcome<Frozen> {
        self.store.prefetch(&host::first_reads());
        if self.form.wanted & NEOVM_WANT_FILE == 0 {
            return self.over(self.store, |_, _| String::new());
        }
        let recorder = RecordingStore::new(self.store);
        self.over(&recorder, |receipt, ending| {
            let mut file = JobFile::new(self.network.settings().clone(), recorder.read(), self.job.clone());
            // What did not end has no result that another engine could have.
            if matches!(ending.outcome, NEOVM_OUTCOME_HALT | NEOVM_OUTCOME_FAULT) {
                let mut receipt = receipt.clone();
                if receipt.retain_net_changes(&recorder).is_ok() {
                    // Those, too, were read.
                    file.storage = recorder.read();
                    file.receipt = Some(receipt.to_json(self.job.gas));
                }
            }
            file.to_json()
        })
    }

    fn over(&self, store: &dyn Store, file: impl FnOnce(&host::Receipt, &Ending) -> String) -> Outcome<Frozen> {
        let interrupt = interrupt_flag(self.form.interrupt)?;
        let job = self.job.job();
        let mut ending = Ending::default();
        let receipt = match Execution::new(self.network, store, &job) {
            Ok(mut execution) => {
                execution.set_interrupt(interrupt);
                execution.set_budget((self.form.budget > 0).then_some(self.form.budget));
                let outcome = if self.form.wanted & NEOVM_WANT_CALLS != 0 {
                    execution.run_watched(|execution| ending.calls.watch(execution))
                } else {
                    execution.run()
                };
                if self.form.wanted & NEOVM_WANT_CALLS != 0 {
                    // The last instruction may have loaded a script, too.
                    ending.calls.watch(&execution);
                }
                ending.instructions = execution.vm().instructions();
                ending.outcome = code(&outcome);
                execution.finish()
            }
            Err(_) if self.store.failure().is_some() => host::Receipt::empty(),
            Err(fault) => return Err(Failure::new(NEOVM_ERR_STATE, fault)),
        };
        // Whatever the script made of it.
        if let Some((code, why)) = self.store.failure() {
            ending = Ending { outcome: NEOVM_OUTCOME_CALLBACK, callback_error: code, why, ..Ending::default() };
        }
        if matches!(ending.outcome, NEOVM_OUTCOME_HALT | NEOVM_OUTCOME_FAULT) {
            ending.file = file(&receipt, &ending);
            return Frozen::new(&receipt, ending, self.job.gas);
        }
        ending.calls = CallTrace::default();
        // What did not end has no results.
        let partial = host::Receipt { gas_consumed: receipt.gas_consumed, ..host::Receipt::empty() };
        ending.file = file(&partial, &ending);
        Frozen::new(&partial, ending, self.job.gas)
    }
}

/// How an execution ended.
pub(crate) fn code(outcome: &neovm::Outcome) -> u32 {
    match outcome {
        neovm::Outcome::Halt => NEOVM_OUTCOME_HALT,
        neovm::Outcome::Stopped(Stop::Budget) => NEOVM_OUTCOME_BUDGET,
        neovm::Outcome::Stopped(_) => NEOVM_OUTCOME_INTERRUPTED,
        _ => NEOVM_OUTCOME_FAULT,
    }
}
