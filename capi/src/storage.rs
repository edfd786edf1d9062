//! A store that the host serves by call-backs.

use std::{
    cell::{Cell, RefCell},
    ffi::c_void,
    ptr,
};

use neovm::storage::{Cursor, Direction, Entry, Key, Store, StoreError, Value};

use crate::{
    abi::*,
    boundary::{Outcome, Versioned, bytes},
    ledger::{BlockParts, Ledger, LedgerKey},
};

/// A larger value is taken for a mistake of the host. The largest that nodes store is a contract, of about 1 MiB.
const MAX_VALUE: usize = 16 << 20;
/// The greatest length of a key that nodes store is 68.
const MAX_KEY: usize = 4096;

/// The state of a chain, which an execution only reads, and what is known of its blocks.
///
/// Call-backs are called on the thread that called `neovm_run`, while it runs, with `context`. They return
/// `NEOVM_SOME`, `NEOVM_NONE`, or a negative number of their own if they fail: the execution then ends with
/// `NEOVM_OUTCOME_CALLBACK`, which is no fault, and no other call-back is called but `close`. They may call neovm, also
/// `neovm_run`, but must not unwind or jump out (longjmp, C++ exceptions).
///
/// Bytes that a call-back writes stay the host's. They are copied before another call-back is called, and need not be
/// valid longer than that.
///
/// Keys begin with the id of the contract in four bytes, little-endian. Reading must be consistent: what is read
/// does not change during an execution.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct neovm_storage {
    /// `sizeof(neovm_storage)`.
    pub size: usize,
    /// What the call-backs get.
    pub context: *mut c_void,
    /// Writes the value of a key, if there is one. Required.
    pub get: Option<
        unsafe extern "C" fn(context: *mut c_void, key: *const u8, key_length: usize, value: *mut neovm_bytes) -> i32,
    >,
    /// Begins to read the entries whose keys start with `prefix`, in the order of their keys as unsigned bytes, or
    /// against it if `backward` is 1. If `from` is not null it starts at that key, or behind it in the direction of
    /// reading if it is not there. Writes what the other two get, and returns `NEOVM_SOME`. Required.
    pub seek: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            prefix: *const u8,
            prefix_length: usize,
            from: *const u8,
            from_length: usize,
            backward: u32,
            cursor: *mut *mut c_void,
        ) -> i32,
    >,
    /// Writes the next entry, if there is one. Required.
    pub next: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            cursor: *mut c_void,
            key: *mut neovm_bytes,
            value: *mut neovm_bytes,
        ) -> i32,
    >,
    /// Ends reading. It is called once for each `seek` that returned `NEOVM_SOME`.
    pub close: Option<unsafe extern "C" fn(context: *mut c_void, cursor: *mut c_void)>,
    /// Tells which keys will be read soon, so that a host that fetches from afar can fetch them at once. Optional.
    pub prefetch: Option<unsafe extern "C" fn(context: *mut c_void, keys: *const neovm_bytes, count: usize)>,
    /// Writes hash (32 bytes) and height of the last block that was persisted. The five call-backs from here on are
    /// for hosts that do not keep blocks and transactions in the storage of LedgerContract; either all of them are
    /// given or none.
    pub current_block: Option<unsafe extern "C" fn(context: *mut c_void, hash: *mut u8, index: *mut u32) -> i32>,
    /// Writes the hash of the block at a height.
    pub block_hash: Option<unsafe extern "C" fn(context: *mut c_void, index: u32, hash: *mut u8) -> i32>,
    /// Writes the header of the block with a hash, and the hashes of its transactions, 32 bytes each.
    pub block: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            hash: *const u8,
            header: *mut neovm_bytes,
            transaction_hashes: *mut neovm_bytes,
        ) -> i32,
    >,
    /// Writes the transaction with a hash, and the height of its block.
    pub transaction: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            hash: *const u8,
            transaction: *mut neovm_bytes,
            block_index: *mut u32,
        ) -> i32,
    >,
    /// Writes the height of the last block with a transaction that conflicts with the one of a hash (32 bytes);
    /// `signer` (20 bytes) is null, or the account that has signed it.
    pub conflict: Option<
        unsafe extern "C" fn(context: *mut c_void, hash: *const u8, signer: *const u8, block_index: *mut u32) -> i32,
    >,
}

// SAFETY: `repr(C)`, begins with a `usize`, and holds pointers and optional functions, which may be zero. Functions that
// are not zero are the host's word.
unsafe impl Versioned for neovm_storage {
    const FIRST: usize = size_of::<Self>();
}

/// A store over the host's call-backs.
///
/// After one has failed none is called but `close`, and everything fails.
pub(crate) struct CallbackStore {
    table: neovm_storage,
    /// What the call-back returned that failed.
    failed: Cell<i32>,
    why: RefCell<String>,
}

impl CallbackStore {
    /// Checks that the call-backs are there that must be.
    pub(crate) fn new(table: neovm_storage) -> Outcome<Self> {
        let lookups = [
            table.current_block.is_some(),
            table.block_hash.is_some(),
            table.block.is_some(),
            table.transaction.is_some(),
            table.conflict.is_some(),
        ];
        if table.get.is_none() || table.seek.is_none() || table.next.is_none() {
            return Err(crate::boundary::Failure::argument("storage: get, seek and next are required"));
        }
        if lookups.iter().any(|given| *given != lookups[0]) {
            return Err(crate::boundary::Failure::argument("storage: either all look-ups of blocks are given or none"));
        }
        Ok(Self { table, failed: Cell::new(0), why: RefCell::default() })
    }

    /// What a call-back returned that failed, and what it was about.
    pub(crate) fn failure(&self) -> Option<(i32, String)> {
        (self.failed.get() != 0).then(|| (self.failed.get(), self.why.borrow().clone()))
    }

    /// Tells the host which keys will be read soon.
    pub(crate) fn prefetch(&self, keys: &[Key]) {
        let Some(prefetch) = self.table.prefetch else { return };
        let keys: Vec<neovm_bytes> = keys.iter().map(|key| neovm_bytes::of(key)).collect();
        // SAFETY: the host's word is that its functions can be called with its context; the keys are there.
        unsafe { prefetch(self.table.context, start(&keys), keys.len()) };
    }

    fn error(&self) -> StoreError {
        StoreError(self.why.borrow().clone())
    }

    /// Notes that a call-back failed.
    fn fail(&self, code: i32, why: String) -> StoreError {
        self.failed.set(code);
        self.why.replace(why);
        self.error()
    }

    /// Whether a call-back found something.
    fn found(&self, name: &str, returned: i32) -> Result<bool, StoreError> {
        match returned {
            NEOVM_NONE => Ok(false),
            NEOVM_SOME => Ok(true),
            code if code < 0 => Err(self.fail(code, format!("the call-back {name} failed with {code}"))),
            code => Err(self.fail(NEOVM_ERR_ARGUMENT, format!("the call-back {name} returned {code}"))),
        }
    }

    /// Bytes that a call-back wrote.
    fn written<'a>(&self, name: &str, written: neovm_bytes, limit: usize) -> Result<&'a [u8], StoreError> {
        if written.length > limit {
            let why = format!("the call-back {name} gave {} bytes; {limit} is the limit", written.length);
            return Err(self.fail(NEOVM_ERR_LIMIT, why));
        }
        // SAFETY: what a call-back writes is valid until the next one is called; it is copied before.
        let read = unsafe { bytes(written) };
        read.map_err(|failure| self.fail(NEOVM_ERR_ARGUMENT, format!("the call-back {name}: {}", failure.text)))
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.failed.get() == 0 { Ok(()) } else { Err(self.error()) }
    }

    fn value(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        let Some(get) = self.table.get else { return Ok(None) };
        let mut value = neovm_bytes::NONE;
        // SAFETY: as in `prefetch`; the value can be written.
        let returned = unsafe { get(self.table.context, start(key), key.len(), &raw mut value) };
        let found = self.found("get", returned)?;
        found.then(|| self.written("get", value, MAX_VALUE).map(Value::from)).transpose()
    }
}

impl Store for CallbackStore {
    fn get(&self, key: &[u8]) -> Result<Option<Value>, StoreError> {
        self.check()?;
        match LedgerKey::of(key) {
            Some(key) if self.table.block.is_some() => crate::ledger::value(self, key),
            _ => self.value(key),
        }
    }

    fn seek<'a>(&'a self, prefix: &[u8], from: Option<&[u8]>, direction: Direction) -> Cursor<'a> {
        let begun = self.check().and_then(|()| self.begin(prefix, from, direction));
        match begun {
            Ok(Some(cursor)) => Box::new(cursor),
            Ok(None) => Box::new(std::iter::empty()),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }
}

impl CallbackStore {
    fn begin(
        &self,
        prefix: &[u8],
        from: Option<&[u8]>,
        direction: Direction,
    ) -> Result<Option<CallbackCursor<'_>>, StoreError> {
        let Some(seek) = self.table.seek else { return Ok(None) };
        let mut cursor = ptr::null_mut();
        let backward = u32::from(direction == Direction::Backward);
        // Null says that there is no `from`: one that is there is not empty, as it begins with an id.
        let (from_start, from_length) = from.map_or((ptr::null(), 0), |from| (start(from), from.len()));
        // SAFETY: as in `prefetch`; the cursor can be written.
        let returned = unsafe {
            seek(self.table.context, start(prefix), prefix.len(), from_start, from_length, backward, &raw mut cursor)
        };
        let found = self.found("seek", returned)?;
        Ok(found.then(|| CallbackCursor {
            store: self,
            cursor,
            prefix: prefix.into(),
            from: from.map(Into::into),
            last: None,
            direction,
            ended: false,
        }))
    }
}

/// Entries that the host reads.
struct CallbackCursor<'a> {
    store: &'a CallbackStore,
    cursor: *mut c_void,
    prefix: Box<[u8]>,
    from: Option<Box<[u8]>>,
    last: Option<Key>,
    direction: Direction,
    ended: bool,
}

impl CallbackCursor<'_> {
    fn read(&self) -> Result<Option<Entry>, StoreError> {
        let store = self.store;
        store.check()?;
        let Some(next) = store.table.next else { return Ok(None) };
        let (mut key, mut value) = (neovm_bytes::NONE, neovm_bytes::NONE);
        // SAFETY: as in `prefetch`; the cursor is one that `seek` wrote and `close` has not ended.
        let returned = unsafe { next(store.table.context, self.cursor, &raw mut key, &raw mut value) };
        if !store.found("next", returned)? {
            return Ok(None);
        }
        let key = store.written("next", key, MAX_KEY)?;
        let value = store.written("next", value, MAX_VALUE)?;
        if !self.may_follow(key) {
            return Err(store.fail(NEOVM_ERR_ARGUMENT, "the call-back next gave a key that cannot come next".into()));
        }
        Ok(Some((Key::from_bytes(key), value.into())))
    }

    /// Whether a key is one that was asked for, in its order.
    fn may_follow(&self, key: &[u8]) -> bool {
        let from = self.from.as_deref();
        let is_in_order = match self.direction {
            Direction::Forward => {
                self.last.as_ref().is_none_or(|last| key > &**last) && from.is_none_or(|from| key >= from)
            }
            Direction::Backward => {
                self.last.as_ref().is_none_or(|last| key < &**last) && from.is_none_or(|from| key <= from)
            }
        };
        is_in_order && key.starts_with(&self.prefix)
    }
}

impl Iterator for CallbackCursor<'_> {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let entry = self.read().transpose();
        match &entry {
            Some(Ok((key, _))) => self.last = Some(key.clone()),
            _ => self.ended = true,
        }
        entry
    }
}

impl Drop for CallbackCursor<'_> {
    fn drop(&mut self) {
        if let Some(close) = self.store.table.close {
            // SAFETY: as in `prefetch`; the cursor is not used again.
            unsafe { close(self.store.table.context, self.cursor) };
        }
    }
}

/// Blocks and transactions by call-backs.
impl Ledger for CallbackStore {
    fn current_block(&self) -> Result<Option<([u8; 32], u32)>, StoreError> {
        let Some(current_block) = self.table.current_block else { return Ok(None) };
        let (mut hash, mut index) = ([0; 32], 0);
        // SAFETY: as in `prefetch`; there is room for what is written.
        let returned = unsafe { current_block(self.table.context, hash.as_mut_ptr(), &raw mut index) };
        Ok(self.found("current_block", returned)?.then_some((hash, index)))
    }

    fn block_hash(&self, index: u32) -> Result<Option<[u8; 32]>, StoreError> {
        let Some(block_hash) = self.table.block_hash else { return Ok(None) };
        let mut hash = [0; 32];
        // SAFETY: as above.
        let returned = unsafe { block_hash(self.table.context, index, hash.as_mut_ptr()) };
        Ok(self.found("block_hash", returned)?.then_some(hash))
    }

    fn block(&self, hash: &[u8; 32]) -> Result<Option<BlockParts>, StoreError> {
        let Some(block) = self.table.block else { return Ok(None) };
        let (mut header, mut hashes) = (neovm_bytes::NONE, neovm_bytes::NONE);
        // SAFETY: as above; the hash has 32 bytes.
        let returned = unsafe { block(self.table.context, hash.as_ptr(), &raw mut header, &raw mut hashes) };
        if !self.found("block", returned)? {
            return Ok(None);
        }
        let header = self.written("block", header, MAX_VALUE)?.to_vec();
        Ok(Some((header, self.written("block", hashes, MAX_VALUE)?.to_vec())))
    }

    fn transaction(&self, hash: &[u8; 32]) -> Result<Option<(Vec<u8>, u32)>, StoreError> {
        let Some(transaction) = self.table.transaction else { return Ok(None) };
        let (mut bytes, mut index) = (neovm_bytes::NONE, 0);
        // SAFETY: as above.
        let returned = unsafe { transaction(self.table.context, hash.as_ptr(), &raw mut bytes, &raw mut index) };
        let found = self.found("transaction", returned)?;
        found.then(|| Ok((self.written("transaction", bytes, MAX_VALUE)?.to_vec(), index))).transpose()
    }

    fn conflict(&self, hash: &[u8; 32], signer: Option<&[u8; 20]>) -> Result<Option<u32>, StoreError> {
        let Some(conflict) = self.table.conflict else { return Ok(None) };
        let mut index = 0;
        let signer = signer.map_or(ptr::null(), |signer| signer.as_ptr());
        // SAFETY: as above; the signer is null or has 20 bytes.
        let returned = unsafe { conflict(self.table.context, hash.as_ptr(), signer, &raw mut index) };
        Ok(self.found("conflict", returned)?.then_some(index))
    }

    fn malformed(&self, what: &str) -> StoreError {
        self.fail(NEOVM_ERR_INPUT, format!("the call-back {what} gave bytes that cannot be read"))
    }
}
