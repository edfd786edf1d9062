//! Jobs of the caller.

use neovm::{
    Hash160, Hash256, Script, Transaction,
    chain::{UnsignedHeader, Witness},
    host::{
        Entry, Trigger,
        job_file::{JobError, OwnedBlock, OwnedContainer, OwnedJob, call_script, persisting_script},
    },
    types::{CallFlags, text::count},
};

use crate::{
    abi::*,
    boundary::{self, Failure, Outcome},
};

/// Reads a job.
///
/// # Safety
/// Structs and bytes that the job names are there.
pub(crate) unsafe fn owned(job: &neovm_job) -> Outcome<OwnedJob> {
    // SAFETY: the caller's word, here and below.
    let json = unsafe { boundary::bytes(job.json)? };
    if !json.is_empty() {
        return OwnedJob::from_json(json).map_err(input);
    }
    if job.gas < 0 {
        return Err(Failure::argument(format!("gas is {}", job.gas)));
    }
    // SAFETY: see above.
    let transaction = unsafe { boundary::bytes(job.transaction)? };
    let transaction = if transaction.is_empty() {
        None
    } else {
        Some(Transaction::parse_lenient(transaction).map_err(|error| field("transaction", error))?)
    };
    // SAFETY: see above.
    let block = unsafe { block(job)? };
    let container = match job.container {
        NEOVM_CONTAINER_DEFAULT => OwnedContainer::Default,
        NEOVM_CONTAINER_NONE => OwnedContainer::None,
        NEOVM_CONTAINER_BLOCK if block.is_some() => OwnedContainer::Block,
        NEOVM_CONTAINER_BLOCK => return Err(Failure::argument("container: there is no block in the job")),
        other => return Err(Failure::argument(format!("container: {other} is none"))),
    };
    let trigger = match job.trigger {
        0 | NEOVM_TRIGGER_APPLICATION => Trigger::Application,
        NEOVM_TRIGGER_VERIFICATION => Trigger::Verification,
        NEOVM_TRIGGER_ON_PERSIST => Trigger::OnPersist,
        NEOVM_TRIGGER_POST_PERSIST => Trigger::PostPersist,
        other => return Err(Failure::argument(format!("trigger: {other} is none"))),
    };
    // SAFETY: see above.
    let entry = unsafe { entry(job, trigger, transaction.as_ref())? };
    Ok(OwnedJob { trigger, container, transaction, block, gas: job.gas, entry })
}

/// # Safety
/// That of [`owned`].
unsafe fn block(job: &neovm_job) -> Outcome<Option<OwnedBlock>> {
    // SAFETY: the caller's word.
    let bytes = unsafe { boundary::bytes(job.block)? };
    if !bytes.is_empty() {
        return OwnedBlock::parse(bytes).map(Some).map_err(input);
    }
    if job.block_fields.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's word.
    let fields = unsafe { boundary::read(job.block_fields)? };
    boundary::check_reserved(fields.reserved)?;
    let primary_index = u8::try_from(fields.primary).map_err(|_| Failure::argument("block: primary is over 255"))?;
    let unsigned = UnsignedHeader {
        version: 0,
        previous_hash: Hash256(fields.previous_hash),
        merkle_root: Hash256(fields.merkle_root),
        timestamp: fields.timestamp,
        nonce: fields.nonce,
        index: fields.index,
        primary_index,
        next_consensus: Hash160(fields.next_consensus),
    };
    let header = unsigned.sign(&Witness::empty()).map_err(|error| field("block", error))?;
    Ok(Some(OwnedBlock::Header(header)))
}

/// # Safety
/// That of [`owned`].
unsafe fn entry(job: &neovm_job, trigger: Trigger, transaction: Option<&Transaction>) -> Outcome<Entry> {
    // SAFETY: the caller's word, here and below.
    let read = |bytes| unsafe { boundary::bytes(bytes) };
    let flags = if job.call_flags == 0 {
        CallFlags::ALL
    } else {
        let given = job.call_flags ^ NEOVM_CALL_FLAGS_GIVEN;
        let flags = u8::try_from(given).ok().and_then(CallFlags::from_bits);
        flags.ok_or_else(|| Failure::argument(format!("call_flags: {:#x}", job.call_flags)))?
    };
    let script = if !job.script.data.is_null() {
        Script::from(read(job.script)?.to_vec())
    } else if job.call_contract.length > 0 {
        let contract = hash160("call_contract", read(job.call_contract)?)?;
        let method = std::str::from_utf8(read(job.call_method)?).map_err(|error| field("call_method", error))?;
        call_script(contract, method, read(job.call_arguments)?).map_err(input)?
    } else if job.witness_account.length > 0 {
        let hash = hash160("witness_account", read(job.witness_account)?)?;
        let script = |bytes| Ok::<_, Failure>(Script::from(read(bytes)?.to_vec()));
        let witness = Witness { invocation: script(job.invocation)?, verification: script(job.verification)? };
        return Ok(Entry::Witness { hash, witness, strict: true });
    } else if let Some(script) = persisting_script(trigger) {
        script
    } else {
        let script = transaction.map(|transaction| transaction.script.clone());
        script.ok_or_else(|| Failure::argument("the job has nothing to run"))?
    };
    Ok(Entry::Script { script, flags })
}

fn hash160(name: &str, bytes: &[u8]) -> Outcome<Hash160> {
    let hash = bytes.try_into().map(Hash160);
    hash.map_err(|_| Failure::argument(format!("{name} has {}, not 20", count(bytes.len() as u64, "byte"))))
}

fn input(error: JobError) -> Failure {
    Failure::new(NEOVM_ERR_INPUT, format!("the job: {error}"))
}

fn field(name: &str, error: impl ToString) -> Failure {
    Failure::new(NEOVM_ERR_INPUT, format!("the job: {name}: {}", error.to_string()))
}
