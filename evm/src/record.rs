//! How accounts, code and storage are stored.

use neovm_storage::{Key, StoreError, Value};
use revm::primitives::{Address, B256, KECCAK_EMPTY, U256};

/// The id under which all keys of the EVM lie, as a Neo contract's lie under the contract's: the bytes `EVM` and 0x80
/// before each of them.
///
/// Neo's contracts have ids from 1 upward, and its native contracts small negative ones; this one is far below.
pub const EVM_ID: i32 = i32::from_le_bytes(*b"EVM\x80");

/// `a`, address: the account.
const ACCOUNT: u8 = b'a';
/// `c`, hash: code.
const CODE: u8 = b'c';
/// `g`, address: the generation of the storage of an account that is not there any more.
const GENERATION: u8 = b'g';
/// `h`, number: the hash of a block.
const HASH: u8 = b'h';
/// `p`, nesting: where a journal stands, see [`crate::Suspended`].
const POSITION: u8 = b'p';
/// `s`, address, generation, slot: a value that is not zero.
const STORAGE: u8 = b's';

fn key(kind: u8, parts: &[&[u8]]) -> Key {
    parts.iter().fold(Key::new(EVM_ID, &[kind]), |key, part| key.with(part))
}

pub(crate) fn account_key(address: Address) -> Key {
    let mut bytes = [0; 21];
    bytes[0] = ACCOUNT;
    bytes[1..].copy_from_slice(&address[..]);
    Key::new(EVM_ID, &bytes)
}

pub(crate) fn code_key(hash: B256) -> Key {
    key(CODE, &[&hash[..]])
}

pub(crate) fn generation_key(address: Address) -> Key {
    key(GENERATION, &[&address[..]])
}

pub(crate) fn hash_key(number: u64) -> Key {
    key(HASH, &[&number.to_be_bytes()])
}

pub(crate) fn position_key(nesting: usize) -> Key {
    key(POSITION, &[&nesting.to_be_bytes()])
}

pub(crate) fn storage_key(address: Address, generation: u32, slot: U256) -> Key {
    let mut bytes = [0; 61];
    bytes[..4].copy_from_slice(&EVM_ID.to_le_bytes());
    bytes[4] = STORAGE;
    bytes[5..25].copy_from_slice(&address[..]);
    bytes[25..29].copy_from_slice(&generation.to_be_bytes());
    bytes[29..].copy_from_slice(&slot.to_be_bytes::<32>());
    Key::from_bytes(&bytes)
}

/// What all accounts lie under.
pub(crate) fn accounts_prefix() -> Key {
    key(ACCOUNT, &[])
}

/// What the storage of an account lies under.
pub(crate) fn storage_prefix(address: Address, generation: u32) -> Key {
    key(STORAGE, &[&address[..], &generation.to_be_bytes()])
}

/// The address in the key of an account.
pub(crate) fn address_of(key: &Key) -> Result<Address, StoreError> {
    let bytes = key.local().get(1..).unwrap_or_default();
    Address::try_from(bytes).map_err(|_| damaged("the key of an account", key))
}

/// What the keys of all values begin with.
pub(crate) fn all_storage_prefix() -> Key {
    key(STORAGE, &[])
}

/// Address and generation in the key of a value.
pub(crate) fn owner_of(key: &Key) -> Result<(Address, u32), StoreError> {
    let parse = || {
        let (address, rest) = key.local().get(1..)?.split_first_chunk::<20>()?;
        Some((Address::from(*address), u32::from_be_bytes(*rest.first_chunk()?)))
    };
    parse().ok_or_else(|| damaged("the key of a slot", key))
}

/// The slot in the key of a value.
pub(crate) fn slot_of(key: &Key) -> Result<U256, StoreError> {
    let bytes = key.local().get(25..).and_then(|bytes| bytes.try_into().ok());
    bytes.map(U256::from_be_bytes::<32>).ok_or_else(|| damaged("the key of a slot", key))
}

/// A value of the storage, as it is stored: without the zeros in front.
pub(crate) fn value_bytes(value: U256) -> Value {
    value.to_be_bytes::<32>()[value.leading_zeros() / 8..].into()
}

pub(crate) fn value_of(key: impl FnOnce() -> Key, bytes: &[u8]) -> Result<U256, StoreError> {
    let mut value = [0; 32];
    let place = value.len().checked_sub(bytes.len()).ok_or_else(|| damaged("a slot", &key()))?;
    value[place..].copy_from_slice(bytes);
    Ok(U256::from_be_bytes(value))
}

pub(crate) fn generation_of(key: &Key, bytes: &[u8]) -> Result<u32, StoreError> {
    bytes.try_into().map(u32::from_le_bytes).map_err(|_| damaged("a generation", key))
}

/// Says that something in the store cannot be what it should be.
fn damaged(what: &str, key: &Key) -> StoreError {
    StoreError(format!("{what} is damaged, at {key:?}"))
}

/// An account as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Counts how often the storage of this address was thrown away: values of former generations are not seen.
    pub generation: u32,
    /// The number of transactions sent, or of contracts made.
    pub nonce: u64,
    /// The balance in wei.
    pub balance: U256,
    /// The Keccak-256 hash of the code, also if there is none.
    pub code_hash: B256,
}

impl Record {
    /// Returns whether the account has code.
    pub fn has_code(&self) -> bool {
        self.code_hash != KECCAK_EMPTY
    }

    /// Generation and nonce in little-endian order, the balance in 32 bytes, and the hash of the code if there is any.
    pub(crate) fn to_bytes(self) -> Value {
        let mut bytes = [0; 76];
        bytes[..4].copy_from_slice(&self.generation.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.nonce.to_le_bytes());
        bytes[12..44].copy_from_slice(&self.balance.to_be_bytes::<32>());
        bytes[44..].copy_from_slice(&self.code_hash[..]);
        bytes[..if self.has_code() { 76 } else { 44 }].into()
    }

    pub(crate) fn from_bytes(key: &Key, bytes: &[u8]) -> Result<Self, StoreError> {
        let parse = || {
            let (generation, rest) = bytes.split_first_chunk()?;
            let (nonce, rest) = rest.split_first_chunk()?;
            let (balance, hash) = rest.split_first_chunk::<32>()?;
            let code_hash = if hash.is_empty() { KECCAK_EMPTY } else { B256::try_from(hash).ok()? };
            let (generation, nonce) = (u32::from_le_bytes(*generation), u64::from_le_bytes(*nonce));
            Some(Self { generation, nonce, balance: U256::from_be_bytes(*balance), code_hash })
        };
        parse().ok_or_else(|| damaged("an account", key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_they_were_written() {
        let plain = Record { generation: 7, nonce: 1, balance: U256::MAX, code_hash: KECCAK_EMPTY };
        let key = account_key(Address::ZERO);
        for record in [plain, Record { code_hash: B256::repeat_byte(3), ..plain }] {
            assert_eq!(Record::from_bytes(&key, &record.to_bytes()), Ok(record));
        }
        for length in [0, 43, 45, 75, 77] {
            let error = Record::from_bytes(&key, &vec![0; length]).unwrap_err().to_string();
            assert!(error.contains("an account is damaged"), "{error}");
        }
    }

    #[test]
    fn keys_say_what_they_are_of() {
        let address = Address::repeat_byte(1);
        assert_eq!(address_of(&account_key(address)), Ok(address));
        assert_eq!(slot_of(&storage_key(address, 3, U256::from(5))), Ok(U256::from(5)));
        assert_eq!(owner_of(&storage_key(address, 3, U256::from(5))), Ok((address, 3)));
        assert!(storage_key(address, 3, U256::ZERO).starts_with(&all_storage_prefix()));
        assert!(storage_key(address, 3, U256::ZERO).starts_with(&storage_prefix(address, 3)));
        assert!(account_key(address).contract() < -1000);
    }
}
