//! A host with a store in memory, as one in C would be.

// Each test file uses some of it.
#![allow(dead_code)]

pub(crate) mod machine;

use std::{collections::BTreeMap, ffi::c_void, mem::zeroed, ptr, slice};

use neovm_capi::*;

/// What the ABI has for numbers and structs, of which zeros are one.
///
/// # Safety
/// Numbers, pointers and optional functions are all that it consists of.
pub(crate) unsafe trait Zeros: Copy {
    fn zeros() -> Self {
        // SAFETY: numbers may be zero, pointers null, and functions missing.
        unsafe { zeroed() }
    }
}

macro_rules! zeros {
    ($($plain:ty)*) => {$(
        // SAFETY: that is all that it consists of.
        unsafe impl Zeros for $plain {}
    )*};
}

zeros! {
    u32 u64 neovm_bytes neovm_value neovm_storage neovm_block neovm_job neovm_receipt_data neovm_engine_options
    neovm_machine_options neovm_machine_data
}

/// A store that call-backs serve.
#[derive(Clone, Default)]
pub(crate) struct Host {
    pub(crate) entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// After so many call-backs, one fails with this code.
    pub(crate) fails: Option<(usize, i32)>,
    pub(crate) calls: usize,
    /// Cursors that are open.
    pub(crate) open: isize,
    pub(crate) prefetched: usize,
}

struct Cursor {
    rest: std::vec::IntoIter<(Vec<u8>, Vec<u8>)>,
    current: (Vec<u8>, Vec<u8>),
}

/// # Safety
/// The context is a host, and nobody else uses it meanwhile.
unsafe fn host<'a>(context: *mut c_void) -> &'a mut Host {
    // SAFETY: the caller's word.
    unsafe { &mut *context.cast() }
}

pub(crate) fn text(bytes: &[u8]) -> neovm_bytes {
    neovm_bytes { data: bytes.as_ptr(), length: bytes.len() }
}

/// Bytes that the library has handed out.
pub(crate) fn bytes<'a>(bytes: neovm_bytes) -> &'a [u8] {
    list(bytes.data, bytes.length)
}

/// A list that the library has handed out.
#[track_caller]
pub(crate) fn list<'a, T>(start: *const T, count: usize) -> &'a [T] {
    if count == 0 {
        assert!(start.is_null(), "an empty list begins at {start:?}");
        return &[];
    }
    // SAFETY: the library's word.
    unsafe { slice::from_raw_parts(start, count) }
}

impl Host {
    fn step(&mut self) -> Result<(), i32> {
        self.calls += 1;
        match self.fails {
            Some((after, code)) if self.calls > after => Err(code),
            _ => Ok(()),
        }
    }

    pub(crate) fn storage(&mut self) -> neovm_storage {
        neovm_storage {
            size: size_of::<neovm_storage>(),
            context: ptr::from_mut(self).cast(),
            get: Some(get),
            seek: Some(seek),
            next: Some(next),
            close: Some(close),
            prefetch: Some(prefetch),
            ..Zeros::zeros()
        }
    }

    pub(crate) fn apply(&mut self, data: &neovm_receipt_data) {
        for change in list(data.changes, data.change_count) {
            let key = bytes(change.key).to_vec();
            if change.deleted != 0 {
                self.entries.remove(&key);
            } else {
                self.entries.insert(key, bytes(change.value).to_vec());
            }
        }
    }
}

unsafe extern "C" fn get(context: *mut c_void, key: *const u8, length: usize, value: *mut neovm_bytes) -> i32 {
    // SAFETY: the context is that of the table.
    let host = unsafe { host(context) };
    if let Err(code) = host.step() {
        return code;
    }
    match host.entries.get(list(key, length)) {
        Some(found) => {
            // SAFETY: the library has room for the bytes' place.
            unsafe { *value = text(found) };
            NEOVM_SOME
        }
        None => NEOVM_NONE,
    }
}

unsafe extern "C" fn seek(
    context: *mut c_void,
    prefix: *const u8,
    prefix_length: usize,
    from: *const u8,
    from_length: usize,
    backward: u32,
    cursor: *mut *mut c_void,
) -> i32 {
    // SAFETY: the context is that of the table.
    let host = unsafe { host(context) };
    if let Err(code) = host.step() {
        return code;
    }
    let prefix = list(prefix, prefix_length);
    let from = (!from.is_null()).then(|| list(from, from_length));
    let fits = |key: &[u8]| {
        key.starts_with(prefix)
            && from.is_none_or(|from| from.starts_with(prefix) && if backward != 0 { key <= from } else { key >= from })
    };
    let mut found: Vec<_> =
        host.entries.iter().filter(|(key, _)| fits(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    if backward != 0 {
        found.reverse();
    }
    host.open += 1;
    let made = Box::new(Cursor { rest: found.into_iter(), current: Default::default() });
    // SAFETY: the library has room for the pointer.
    unsafe { *cursor = Box::into_raw(made).cast() };
    NEOVM_SOME
}

unsafe extern "C" fn next(
    context: *mut c_void,
    cursor: *mut c_void,
    key: *mut neovm_bytes,
    value: *mut neovm_bytes,
) -> i32 {
    // SAFETY: the context is that of the table.
    let host = unsafe { host(context) };
    if let Err(code) = host.step() {
        return code;
    }
    // SAFETY: it is one that `seek` has made.
    let cursor: &mut Cursor = unsafe { &mut *cursor.cast() };
    let Some(entry) = cursor.rest.next() else { return NEOVM_NONE };
    cursor.current = entry;
    // SAFETY: the library has room for the bytes' places.
    unsafe {
        *key = text(&cursor.current.0);
        *value = text(&cursor.current.1);
    }
    NEOVM_SOME
}

unsafe extern "C" fn close(context: *mut c_void, cursor: *mut c_void) {
    // SAFETY: the context is that of the table, and the cursor one that `seek` has made.
    unsafe {
        host(context).open -= 1;
        drop(Box::from_raw(cursor.cast::<Cursor>()));
    }
}

unsafe extern "C" fn prefetch(context: *mut c_void, keys: *const neovm_bytes, count: usize) {
    assert!(list(keys, count).iter().all(|key| key.length >= 4));
    // SAFETY: the context is that of the table.
    unsafe { host(context).prefetched += count };
}

pub(crate) fn message() -> neovm_message {
    neovm_message { size: size_of::<neovm_message>(), length: 0, text: [0; NEOVM_MESSAGE_SIZE] }
}

pub(crate) fn words(message: &neovm_message) -> String {
    message.text[..message.length].iter().map(|byte| *byte as u8 as char).collect()
}

pub(crate) fn engine_options(network: &str) -> neovm_engine_options {
    let size = size_of::<neovm_engine_options>();
    neovm_engine_options { size, network: text(network.as_bytes()), ..Zeros::zeros() }
}

pub(crate) fn new_engine(options: &neovm_engine_options) -> Result<neovm_engine, (i32, String)> {
    let (mut engine, mut message) = (0, message());
    // SAFETY: the structs say their sizes.
    let status = unsafe { neovm_engine_new(options, &raw mut engine, &raw mut message) };
    if status == NEOVM_OK { Ok(engine) } else { Err((status, words(&message))) }
}

pub(crate) fn engine(network: &str, compile: u32) -> neovm_engine {
    new_engine(&neovm_engine_options { compile, ..engine_options(network) }).unwrap()
}

pub(crate) fn interrupt() -> neovm_interrupt {
    let mut interrupt = 0;
    // SAFETY: there is room for the handle.
    ok(unsafe { neovm_interrupt_new(&raw mut interrupt) });
    interrupt
}

pub(crate) fn job() -> neovm_job {
    neovm_job { size: size_of::<neovm_job>(), gas: 2_000_000_000, ..Zeros::zeros() }
}

/// Runs a job over a storage.
pub(crate) fn start(
    engine: neovm_engine,
    job: &neovm_job,
    storage: &neovm_storage,
) -> Result<neovm_receipt, (i32, String)> {
    let (mut receipt, mut message) = (0, message());
    // SAFETY: the structs say their sizes, and what they lead to is there.
    let status = unsafe { neovm_run(engine, job, storage, &raw mut receipt, &raw mut message) };
    if status == NEOVM_OK { Ok(receipt) } else { Err((status, words(&message))) }
}

/// Runs a job, and gives what came of it to a function.
pub(crate) fn run<R>(
    engine: neovm_engine,
    job: &neovm_job,
    host: &mut Host,
    then: impl FnOnce(&mut Host, &neovm_receipt_data) -> R,
) -> Result<R, (i32, String)> {
    let storage = host.storage();
    let receipt = start(engine, job, &storage);
    assert_eq!(host.open, 0, "all cursors are closed");
    let receipt = receipt?;
    let data = view(receipt);
    let result = then(host, &data);
    assert_eq!(neovm_receipt_free(receipt), NEOVM_OK);
    assert_eq!(neovm_receipt_free(receipt), NEOVM_ERR_HANDLE);
    Ok(result)
}

pub(crate) fn view(receipt: neovm_receipt) -> neovm_receipt_data {
    let mut data = neovm_receipt_data { size: size_of::<neovm_receipt_data>(), ..Zeros::zeros() };
    // SAFETY: the struct says its size.
    assert_eq!(unsafe { neovm_receipt_view(receipt, &raw mut data) }, NEOVM_OK);
    data
}

/// A chain with the genesis block of a network, which the executor level makes.
pub(crate) fn genesis(engine: neovm_engine, block: &[u8]) -> Host {
    let mut host = Host::default();
    persist(engine, &mut host, block);
    host
}

/// Runs a block, job by job, as a node does.
pub(crate) fn persist(engine: neovm_engine, host: &mut Host, block: &[u8]) {
    let transactions = neovm::chain::Block::parse(block).unwrap().transactions().to_vec();
    let mut job = job();
    job.block = text(block);
    job.gas = 0;
    job.trigger = NEOVM_TRIGGER_ON_PERSIST;
    step(engine, &job, host);
    for transaction in &transactions {
        let bytes = transaction.to_bytes();
        job.trigger = NEOVM_TRIGGER_APPLICATION;
        job.gas = transaction.system_fee;
        job.transaction = text(&bytes);
        run(engine, &job, host, |host, data| host.apply(data)).unwrap();
    }
    job.transaction = text(&[]);
    job.gas = 0;
    job.trigger = NEOVM_TRIGGER_POST_PERSIST;
    step(engine, &job, host);
}

fn step(engine: neovm_engine, job: &neovm_job, host: &mut Host) {
    let outcome = run(engine, job, host, |host, data| {
        host.apply(data);
        (data.outcome, String::from_utf8_lossy(bytes(data.fault)).into_owned())
    });
    assert_eq!(outcome.unwrap(), (NEOVM_OUTCOME_HALT, String::new()));
}

/// The bytes of the genesis block of a network.
pub(crate) fn genesis_block(settings: &neovm::ProtocolSettings) -> Vec<u8> {
    neovm::host::genesis_block(settings).unwrap().to_bytes()
}

/// A private network behind its genesis block.
pub(crate) fn private(compile: u32) -> (neovm_engine, Host) {
    let engine = engine("private", compile);
    let host = genesis(engine, &genesis_block(&neovm::ProtocolSettings::private()));
    (engine, host)
}

/// Runs a test on a thread with the stack that the header promises to be enough.
pub(crate) fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(test).unwrap();
    thread.join().unwrap();
}

/// Checks that a call has succeeded.
pub(crate) fn ok(status: i32) {
    assert_eq!(status, NEOVM_OK);
}

/// Numbers that are the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    pub(crate) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}
