//! The JSON of Ethereum's tools: quantities, accounts, blocks, and the parts of transactions.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use neovm_storage::{Layer, MemoryStore, StoreError, WriteStore};
use neovm_types::json::file::{JsonFileError, Objects};
use revm::{
    context::BlockEnv,
    context_interface::transaction::{AccessList, AccessListItem, Authorization, SignedAuthorization},
    primitives::{Address, B256, Bytes, U256, hardfork::SpecId},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Visitor},
};

use crate::{
    Fork, Record, State,
    fork::MAX_BLOB_GAS,
    t8n::{Ommer, Withdrawal},
};

/// Reads a value from JSON. An error says in which field it is, and where.
///
/// # Errors
/// In words, if the text is not JSON, or not what it should be.
pub fn read_json<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let mut from = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(Objects(&mut from)).map_err(|error| {
        let path = error.path().iter().next().map(|_| format!("{}: ", error.path())).unwrap_or_default();
        format!("{path}{}", JsonFileError::from(error.into_inner()))
    });
    value.and_then(|value| from.end().map(|()| value).map_err(|error| error.to_string()))
}

/// Reads a number: hexadecimal digits after 0x, decimal digits, or a number of JSON. No digits are zero, as they are to
/// geth, and in the values of state tests.
///
/// # Errors
/// In words, if the text is no number, or too large for its type.
pub fn parse_quantity<T: TryFrom<U256>>(text: &str) -> Result<T, String> {
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |digits| (digits, 16));
    let number = match digits.chars().all(|digit| digit.is_digit(radix)) {
        true => U256::from_str_radix(digits, radix.into()).map_err(|_| format!("{text} is too large"))?,
        false => return Err(format!("{text:?} is not a number: decimal, or hexadecimal after 0x")),
    };
    T::try_from(number).map_err(|_| format!("{text} is too large"))
}

struct Quantity<T>(PhantomData<T>);

impl<T: TryFrom<U256>> Visitor<'_> for Quantity<T> {
    type Value = T;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a number: decimal, or hexadecimal after 0x")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        parse_quantity(text).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        T::try_from(U256::from(number)).map_err(|_| E::custom(format!("{number} is too large")))
    }
}

pub(crate) fn quantity<'de, D: Deserializer<'de>, T: TryFrom<U256>>(from: D) -> Result<T, D::Error> {
    from.deserialize_any(Quantity(PhantomData))
}

pub(crate) fn some_quantity<'de, D: Deserializer<'de>, T: TryFrom<U256>>(from: D) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    struct Wrapped<T: TryFrom<U256>>(#[serde(deserialize_with = "quantity")] T);
    Ok(Option::<Wrapped<T>>::deserialize(from)?.map(|Wrapped(number)| number))
}

/// Storage by slots; JSON has both as numbers of any length.
fn slots<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<U256, U256>, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(from)?;
    let slot = |(slot, value): (String, String)| Ok((parse_quantity(&slot)?, parse_quantity(&value)?));
    texts.into_iter().map(slot).collect::<Result<_, String>>().map_err(D::Error::custom)
}

/// An account before or after transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountJson {
    /// The code; none if it is empty.
    #[serde(skip_serializing_if = "no_bytes")]
    pub code: Bytes,
    /// The values that are not zero, by their slots.
    #[serde(deserialize_with = "slots", serialize_with = "write_slots", skip_serializing_if = "BTreeMap::is_empty")]
    pub storage: BTreeMap<U256, U256>,
    /// The balance in wei.
    #[serde(deserialize_with = "quantity", serialize_with = "write_quantity")]
    pub balance: U256,
    /// The nonce.
    #[serde(deserialize_with = "quantity", serialize_with = "write_quantity", skip_serializing_if = "is_zero")]
    pub nonce: u64,
    /// geth writes it into its genesis files. It is not used.
    #[serde(rename = "secretKey", skip_serializing)]
    pub secret_key: Option<B256>,
}

fn no_bytes(bytes: &Bytes) -> bool {
    bytes.0.is_empty()
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn write_slots<S: serde::Serializer>(slots: &BTreeMap<U256, U256>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(slots.iter().map(|(slot, value)| (B256::from(*slot), B256::from(*value))))
}

pub(crate) fn write_quantity<S: serde::Serializer>(
    number: &(impl Copy + fmt::LowerHex),
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{number:#x}"))
}

/// Accounts by their addresses, as geth's `alloc` files have them.
pub type Alloc = BTreeMap<Address, AccountJson>;

impl State<'_> {
    /// Adds accounts.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn add(&self, accounts: &Alloc) -> Result<(), StoreError> {
        accounts.iter().try_for_each(|(address, account)| {
            self.set_account(*address, account.nonce, account.balance, &account.code)?;
            account.storage.iter().try_for_each(|(slot, value)| self.set_slot(*address, *slot, *value))
        })
    }

    /// Returns all accounts.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub fn dump(&self) -> Result<Alloc, StoreError> {
        let mut storage = self.storage()?;
        let account = |account: Result<(Address, Record), StoreError>| {
            let (address, record) = account?;
            let slots = storage.remove(&(address, record.generation)).unwrap_or_default();
            let storage = slots.into_iter().map(|(slot, value)| (slot.into(), value)).collect();
            let code = self.code(address)?;
            Ok((address, AccountJson { code, storage, balance: record.balance, nonce: record.nonce, secret_key: None }))
        };
        self.accounts().map(account).collect()
    }
}

/// A store that holds accounts.
///
/// # Errors
/// [`StoreError`] if it cannot be written.
pub(crate) fn store_of(accounts: &Alloc) -> Result<MemoryStore, StoreError> {
    let mut store = MemoryStore::default();
    let changes = {
        let layer = Layer::over(&store);
        State::new(&layer).add(accounts)?;
        layer.changes()
    };
    store.write(&changes)?;
    Ok(store)
}

fn blob_gas<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    match some_quantity(from)? {
        Some(gas) if gas > MAX_BLOB_GAS => Err(D::Error::custom(format!("{gas} is more than {MAX_BLOB_GAS}"))),
        gas => Ok(gas),
    }
}

/// The block of a state test or of a transition, with what is known of its parent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Env {
    pub(crate) current_coinbase: Address,
    #[serde(deserialize_with = "quantity")]
    pub(crate) current_gas_limit: u64,
    #[serde(deserialize_with = "quantity")]
    pub(crate) current_number: u64,
    #[serde(deserialize_with = "quantity")]
    pub(crate) current_timestamp: u64,
    #[serde(default, deserialize_with = "some_quantity")]
    pub(crate) current_difficulty: Option<U256>,
    #[serde(default, deserialize_with = "some_quantity")]
    pub(crate) current_random: Option<U256>,
    #[serde(default, deserialize_with = "some_quantity")]
    pub(crate) current_base_fee: Option<u64>,
    #[serde(default, deserialize_with = "blob_gas")]
    pub(crate) current_excess_blob_gas: Option<u64>,
    #[serde(default, deserialize_with = "some_quantity")]
    pub(crate) parent_base_fee: Option<u64>,
    #[serde(default, deserialize_with = "some_quantity")]
    pub(crate) parent_gas_used: Option<u64>,
    #[serde(default, deserialize_with = "some_quantity")]
    pub(crate) parent_gas_limit: Option<u64>,
    #[serde(default, deserialize_with = "blob_gas")]
    pub(crate) parent_excess_blob_gas: Option<u64>,
    #[serde(default, deserialize_with = "blob_gas")]
    pub(crate) parent_blob_gas_used: Option<u64>,
    pub(crate) parent_beacon_block_root: Option<B256>,
    #[serde(default, deserialize_with = "numbers")]
    pub(crate) block_hashes: Option<BTreeMap<u64, B256>>,
    #[serde(default)]
    pub(crate) ommers: Vec<Ommer>,
    pub(crate) withdrawals: Option<Vec<Withdrawal>>,
}

/// Hashes by the numbers of their blocks, which are any numbers as text.
fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BTreeMap<u64, B256>>, D::Error> {
    let texts = Option::<BTreeMap<String, B256>>::deserialize(from)?;
    let number = |(number, hash): (String, B256)| Ok((parse_quantity(&number)?, hash));
    texts
        .map(|texts| texts.into_iter().map(number).collect::<Result<_, String>>())
        .transpose()
        .map_err(D::Error::custom)
}

impl Env {
    /// The block, as a fork has it.
    pub(crate) fn block(&self, fork: Fork) -> BlockEnv {
        let rules = fork.rules();
        let mut block = BlockEnv {
            number: U256::from(self.current_number),
            beneficiary: self.current_coinbase,
            timestamp: U256::from(self.current_timestamp),
            gas_limit: self.current_gas_limit,
            basefee: self.current_base_fee.filter(|_| rules >= SpecId::LONDON).unwrap_or(0),
            difficulty: self.current_difficulty.unwrap_or_default(),
            prevrandao: (rules >= SpecId::MERGE).then(|| self.current_random.unwrap_or_default().into()),
            blob_excess_gas_and_price: None,
            slot_num: 0,
        };
        if rules >= SpecId::CANCUN {
            block.blob_excess_gas_and_price = fork.blob_gas(self.current_excess_blob_gas.unwrap_or(0));
        }
        block
    }
}

/// An address that a transaction announces, with slots.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccessJson {
    address: Address,
    #[serde(default)]
    storage_keys: Vec<B256>,
}

pub(crate) fn access_list(json: &[AccessJson]) -> AccessList {
    let item = |json: &AccessJson| AccessListItem { address: json.address, storage_keys: json.storage_keys.clone() };
    AccessList(json.iter().map(item).collect())
}

/// An account's signature under the code that it points to.
///
/// Source: EIP-7702.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthorizationJson {
    #[serde(deserialize_with = "quantity")]
    chain_id: U256,
    address: Address,
    #[serde(deserialize_with = "quantity")]
    nonce: u64,
    /// Some files say it twice.
    #[serde(default, deserialize_with = "some_quantity")]
    y_parity: Option<U256>,
    #[serde(default, deserialize_with = "some_quantity")]
    v: Option<U256>,
    #[serde(deserialize_with = "quantity")]
    r: U256,
    #[serde(deserialize_with = "quantity")]
    s: U256,
}

impl AuthorizationJson {
    pub(crate) fn signed(&self) -> SignedAuthorization {
        let inner = Authorization { chain_id: self.chain_id, address: self.address, nonce: self.nonce };
        // What is no parity makes a signature that nobody has made.
        let parity = self.y_parity.or(self.v).and_then(|parity| parity.try_into().ok());
        SignedAuthorization::new_unchecked(inner, parity.unwrap_or(u8::MAX), self.r, self.s)
    }
}
