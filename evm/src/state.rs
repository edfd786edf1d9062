//! Accounts over a layer of the storage.

use std::{fmt, rc::Rc, sync::Arc};

use neovm_storage::{Batch, Direction, Layer, StoreError};
use quick_cache::{Weighter, sync::Cache};
use revm::{
    Database,
    bytecode::Bytecode,
    database_interface::DBErrorMarker,
    primitives::{Address, B256, Bytes, KECCAK_EMPTY, U256, keccak256},
    state::{Account, AccountId, AccountInfo, EvmState, EvmStorageSlot},
};

use crate::{
    Fork,
    record::{
        Record, account_key, accounts_prefix, address_of, code_key, generation_key, generation_of, hash_key, slot_of,
        storage_key, storage_prefix, value_bytes, value_of,
    },
};

/// The accounts cannot be read or written: the store failed, or holds what no account can be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct StateError(#[from] pub StoreError);

impl DBErrorMarker for StateError {}

/// Code that was analysed, by its hash; shared by all executions of an [`Evm`](crate::Evm).
pub(crate) type Codes = Arc<Cache<B256, Bytecode, CodeBytes>>;

/// Weighs code by its bytes and what is known of its jumps.
#[derive(Clone)]
pub(crate) struct CodeBytes;

impl Weighter<B256, Bytecode> for CodeBytes {
    fn weight(&self, _: &B256, code: &Bytecode) -> u64 {
        200 + (code.len() + code.len() / 8) as u64
    }
}

/// About this many bytes of code are kept.
const CODE_CAPACITY: u64 = 32 << 20;

pub(crate) fn codes() -> Codes {
    Arc::new(Cache::with_weighter(64, CODE_CAPACITY, CodeBytes))
}

/// Asks the embedder for the hash of a block.
pub(crate) type BlockHashes<'s> = Rc<dyn Fn(u64) -> Option<B256> + 's>;

/// The accounts that a layer of the storage holds.
///
/// Clones are the same accounts.
#[derive(Clone)]
pub struct State<'s> {
    layer: Rc<Layer<'s>>,
    codes: Codes,
    /// Whether code can be a pointer to another account's.
    has_delegation: bool,
    pub(crate) block_hashes: Option<BlockHashes<'s>>,
}

impl<'s> State<'s> {
    /// Returns the accounts in a layer.
    pub fn new(layer: &Rc<Layer<'s>>) -> Self {
        Self::with_codes(layer, codes(), Fork::LATEST)
    }

    pub(crate) fn with_codes(layer: &Rc<Layer<'s>>, codes: Codes, fork: Fork) -> Self {
        let has_delegation = fork >= Fork::Prague;
        Self { layer: Rc::clone(layer), codes, has_delegation, block_hashes: None }
    }

    /// Returns the layer.
    pub fn layer(&self) -> &Rc<Layer<'s>> {
        &self.layer
    }

    /// Returns an account, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn account(&self, address: Address) -> Result<Option<Record>, StoreError> {
        let key = account_key(address);
        self.layer.load(key.clone())?.map(|bytes| Record::from_bytes(&key, &bytes)).transpose()
    }

    /// Returns the code of an account; none if the account is not there or has no code.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read, or lacks the code.
    pub fn code(&self, address: Address) -> Result<Bytes, StoreError> {
        match self.account(address)?.filter(Record::has_code) {
            Some(record) => Ok(self.code_of(record.code_hash)?.original_bytes()),
            None => Ok(Bytes::new()),
        }
    }

    /// Returns a value of an account's storage.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn slot(&self, address: Address, slot: U256) -> Result<U256, StoreError> {
        let record = self.account(address)?;
        record.map_or(Ok(U256::ZERO), |record| self.slot_of(address, record.generation, slot))
    }

    /// Sets nonce, balance and code of an account. Its storage stays.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn set_account(&self, address: Address, nonce: u64, balance: U256, code: &[u8]) -> Result<(), StoreError> {
        let generation = self.generation(address)?;
        let code_hash = keccak256(code);
        let record = Record { generation, nonce, balance, code_hash };
        if record.has_code() {
            self.layer.put(code_key(code_hash), code.into())?;
        }
        self.layer.put(account_key(address), record.to_bytes())
    }

    /// Sets a value of an account's storage. An account that was not there is empty, apart from that.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn set_slot(&self, address: Address, slot: U256, value: U256) -> Result<(), StoreError> {
        if self.account(address)?.is_none() {
            self.set_account(address, 0, U256::ZERO, &[])?;
        }
        self.put_slot(address, self.generation(address)?, slot, value)
    }

    /// Notes the hash of a block, for BLOCKHASH.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn set_block_hash(&self, number: u64, hash: B256) -> Result<(), StoreError> {
        self.layer.put(hash_key(number), hash[..].into())
    }

    /// Returns all accounts, in the order of their addresses.
    pub fn accounts(&self) -> impl Iterator<Item = Result<(Address, Record), StoreError>> + use<'s> {
        self.layer.find(&accounts_prefix(), Direction::Forward).map(|entry| {
            let (key, item) = entry?;
            Ok((address_of(&key)?, Record::from_bytes(&key, &item.value())?))
        })
    }

    /// Returns the values of an account's storage, in the order of their slots.
    pub fn storage_of(
        &self,
        address: Address,
        record: &Record,
    ) -> impl Iterator<Item = Result<(U256, U256), StoreError>> + use<'s> {
        let prefix = storage_prefix(address, record.generation);
        self.layer.find(&prefix, Direction::Forward).map(|entry| {
            let (key, item) = entry?;
            Ok((slot_of(&key)?, value_of(|| key, &item.value())?))
        })
    }

    /// Adds to a balance, as a block does beside its transactions. The account is touched: from Spurious Dragon on, one
    /// that stays empty is not there afterwards, and before, one is there.
    ///
    /// Source: EIP-161.
    pub(crate) fn pay(&self, address: Address, amount: U256, fork: Fork) -> Result<(), StoreError> {
        let stored = self.account(address)?;
        let generation = self.generation(address)?;
        let new = Record { generation, nonce: 0, balance: U256::ZERO, code_hash: KECCAK_EMPTY };
        let record = stored.unwrap_or(new);
        let balance = record.balance.checked_add(amount);
        let balance = balance.ok_or_else(|| StoreError(format!("more than all wei at {address}")))?;
        let is_empty = balance.is_zero() && record.nonce == 0 && !record.has_code();
        match is_empty && fork >= Fork::SpuriousDragon {
            true => {
                let mut changes = Batch::new();
                self.destroy(address, &mut changes)?;
                self.layer.write(&changes)
            }
            false => self.layer.put(account_key(address), Record { balance, ..record }.to_bytes()),
        }
    }

    /// Returns whether no contract can be created at an address because there is storage under it, left by a
    /// contract that had neither nonce nor code.
    ///
    /// Source: EIP-7610.
    pub(crate) fn is_occupied(&self, address: Address) -> Result<bool, StoreError> {
        let Some(record) = self.account(address)? else { return Ok(false) };
        Ok(record.nonce == 0 && !record.has_code() && self.storage_of(address, &record).next().transpose()?.is_some())
    }

    /// The generation of an address's storage, whether the account is there or not.
    fn generation(&self, address: Address) -> Result<u32, StoreError> {
        if let Some(record) = self.account(address)? {
            return Ok(record.generation);
        }
        let key = generation_key(address);
        self.layer.load(key.clone())?.map_or(Ok(0), |bytes| generation_of(&key, &bytes))
    }

    fn slot_of(&self, address: Address, generation: u32, slot: U256) -> Result<U256, StoreError> {
        let key = || storage_key(address, generation, slot);
        self.layer.load(key())?.map_or(Ok(U256::ZERO), |bytes| value_of(key, &bytes))
    }

    fn put_slot(&self, address: Address, generation: u32, slot: U256, value: U256) -> Result<(), StoreError> {
        let key = storage_key(address, generation, slot);
        if value.is_zero() { self.layer.delete(&key) } else { self.layer.put(key, value_bytes(value)) }
    }

    /// revm's own `Bytecode::new_raw` takes code for a pointer by the rules of any fork, and panics at what begins as one
    /// and is none.
    fn code_of(&self, hash: B256) -> Result<Bytecode, StoreError> {
        let code = self.codes.get_or_insert_with(&hash, || {
            let bytes = self.layer.peek(&code_key(hash))?;
            let bytes = bytes.ok_or_else(|| StoreError(format!("there is no code with the hash {hash}")))?;
            Ok::<_, StoreError>(Bytecode::new_legacy(Bytes::copy_from_slice(&bytes)))
        })?;
        let target = delegate(code.original_byte_slice()).filter(|_| self.has_delegation);
        Ok(target.map_or(code, Bytecode::new_eip7702))
    }

    /// Returns the changes of the storage that an execution has left. They are not in order, and code may be there twice.
    ///
    /// Source: the yellow paper, EIP-161; revm has marked what the fork's rules make of each account.
    pub(crate) fn changes(&self, accounts: EvmState) -> Result<Batch, StoreError> {
        let mut changes = Batch::new();
        for (address, account) in accounts.into_iter().filter(|(_, account)| account.is_touched()) {
            if account.is_selfdestructed() || account.is_empty() && !account.is_created() {
                self.destroy(address, &mut changes)?;
            } else {
                self.change(address, &account, &mut changes)?;
            }
        }
        Ok(changes)
    }

    /// Deletes an account. Its storage is not looked at: the next account here is of the next generation.
    fn destroy(&self, address: Address, changes: &mut Batch) -> Result<(), StoreError> {
        let Some(record) = self.account(address)? else { return Ok(()) };
        changes.push((account_key(address), None));
        changes.push((generation_key(address), Some(next(record.generation)?.to_le_bytes()[..].into())));
        Ok(())
    }

    /// Changes an account to what revm has made of it.
    fn change(&self, address: Address, account: &Account, changes: &mut Batch) -> Result<(), StoreError> {
        let is_new = account.is_created();
        let generation = match account.info.account_id {
            // It was there, and stays.
            Some(id) if !is_new => id.get() as u32,
            _ => match self.account(address)? {
                // What was there has gone, with its storage.
                Some(record) if is_new => next(record.generation)?,
                _ => self.generation(address)?,
            },
        };
        if is_new || account.is_changed() || account.is_loaded_as_not_existing() {
            let AccountInfo { balance, nonce, code_hash, ref code, .. } = account.info;
            let record = Record { generation, nonce, balance, code_hash };
            if let Some(code) = code.as_ref().filter(|_| record.has_code())
                && account.original_info().code_hash != code_hash
            {
                self.add_code(code_hash, code, changes)?;
            }
            changes.push((account_key(address), Some(record.to_bytes())));
        }
        // A new account has no storage yet.
        let is_changed = |value: &EvmStorageSlot| {
            if is_new { !value.present_value.is_zero() } else { value.is_changed() }
        };
        let mut slots: Vec<_> = account.storage.iter().filter(|(_, value)| is_changed(value)).collect();
        slots.sort_unstable_by_key(|(slot, _)| *slot);
        changes.extend(slots.into_iter().map(|(slot, value)| {
            let value = value.present_value;
            (storage_key(address, generation, *slot), (!value.is_zero()).then(|| value_bytes(value)))
        }));
        Ok(())
    }

    fn add_code(&self, hash: B256, code: &Bytecode, changes: &mut Batch) -> Result<(), StoreError> {
        let key = code_key(hash);
        if self.layer.load(key.clone())?.is_none() {
            changes.push((key, Some(code.original_byte_slice().into())));
        }
        Ok(())
    }
}

/// The account that code points to, if it is a pointer.
///
/// Source: EIP-7702.
fn delegate(code: &[u8]) -> Option<Address> {
    Address::try_from(code.strip_prefix(&[0xef, 0x01, 0x00])?).ok()
}

/// The generation behind another one.
fn next(generation: u32) -> Result<u32, StoreError> {
    // One transaction raises it by one at most, and takes far longer than it takes to count.
    generation.checked_add(1).ok_or_else(|| StoreError("an address was used too often".into()))
}

impl Database for State<'_> {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let info = |Record { generation, nonce, balance, code_hash }| {
            let code = if code_hash == KECCAK_EMPTY { Some(Bytecode::default()) } else { None };
            AccountInfo { nonce, balance, code_hash, code, account_id: AccountId::new(generation as usize) }
        };
        Ok(self.account(address)?.map(info))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, StateError> {
        Ok(self.code_of(hash)?)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StateError> {
        Ok(self.slot(address, slot)?)
    }

    /// The id is the generation, so that the account need not be read again.
    fn storage_by_account_id(&mut self, address: Address, id: AccountId, slot: U256) -> Result<U256, StateError> {
        Ok(self.slot_of(address, id.get() as u32, slot)?)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StateError> {
        if let Some(hash) = self.block_hashes.as_ref().and_then(|hash_of| hash_of(number)) {
            return Ok(hash);
        }
        let stored = self.layer.get(&hash_key(number))?;
        Ok(stored.and_then(|bytes| B256::try_from(&bytes[..]).ok()).unwrap_or_default())
    }
}

impl fmt::Debug for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("layer", &self.layer).finish_non_exhaustive()
    }
}
