//! Transactions with their signatures: as JSON and in RLP.

use alloy_rlp::{Decodable, Encodable, Header};
use k256::ecdsa::SigningKey;
use revm::{
    context::{TxEnv, either::Either},
    context_interface::transaction::SignedAuthorization,
    precompile::crypto,
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256, uint},
};
use serde::Deserialize;

use crate::{
    Fork,
    json::{AccessJson, AuthorizationJson, access_list, quantity, some_quantity},
};

/// The order of the curve secp256k1.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// A transaction and its signature. Who has sent it follows from them.
#[derive(Clone, Debug)]
pub(super) struct SignedTransaction {
    /// Without the sender, and without the id of the chain if a legacy transaction is for any chain.
    transaction: TxEnv,
    v: U256,
    r: U256,
    s: U256,
}

/// A transaction as geth's JSON has it, signed or with the key to sign it with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TransactionJson {
    #[serde(default, rename = "type", deserialize_with = "some_quantity")]
    kind: Option<u8>,
    #[serde(default, deserialize_with = "some_quantity")]
    chain_id: Option<u64>,
    #[serde(deserialize_with = "quantity")]
    nonce: u64,
    #[serde(deserialize_with = "quantity")]
    gas: u64,
    #[serde(default, deserialize_with = "some_quantity")]
    gas_price: Option<u128>,
    #[serde(default, deserialize_with = "some_quantity")]
    max_fee_per_gas: Option<u128>,
    #[serde(default, deserialize_with = "some_quantity")]
    max_priority_fee_per_gas: Option<u128>,
    to: Option<Address>,
    #[serde(deserialize_with = "quantity")]
    value: U256,
    #[serde(alias = "data")]
    input: Bytes,
    access_list: Option<Vec<AccessJson>>,
    #[serde(default, deserialize_with = "some_quantity")]
    max_fee_per_blob_gas: Option<u128>,
    #[serde(default)]
    blob_versioned_hashes: Vec<B256>,
    authorization_list: Option<Vec<AuthorizationJson>>,
    #[serde(default, deserialize_with = "some_quantity")]
    v: Option<U256>,
    /// The same as `v`, but in legacy transactions.
    #[serde(default, deserialize_with = "some_quantity")]
    y_parity: Option<U256>,
    #[serde(default, deserialize_with = "some_quantity")]
    r: Option<U256>,
    #[serde(default, deserialize_with = "some_quantity")]
    s: Option<U256>,
    secret_key: Option<B256>,
    /// Whether a legacy transaction is for one chain alone.
    protected: Option<bool>,
}

impl TransactionJson {
    /// The transaction, signed now if it was not.
    pub(super) fn sign(self, chain_id: u64) -> Result<SignedTransaction, String> {
        let kind = self.kind.unwrap_or(0);
        let required = |name: &str, fee: Option<u128>| fee.ok_or_else(|| format!("{name} is missing"));
        let (gas_price, gas_priority_fee) = match kind {
            0 | 1 => (required("gasPrice", self.gas_price)?, None),
            2..=4 => {
                let tip = required("maxPriorityFeePerGas", self.max_priority_fee_per_gas)?;
                (required("maxFeePerGas", self.max_fee_per_gas)?, Some(tip))
            }
            _ => return Err(format!("there is no transaction of type {kind}")),
        };
        let missing = [
            ("to", kind >= 3 && self.to.is_none()),
            ("maxFeePerBlobGas", kind == 3 && self.max_fee_per_blob_gas.is_none()),
            ("blobVersionedHashes", kind == 3 && self.blob_versioned_hashes.is_empty()),
            ("authorizationList", kind == 4 && self.authorization_list.is_none()),
        ];
        if let Some((name, _)) = missing.into_iter().find(|(_, is_missing)| *is_missing) {
            return Err(format!("{name} is missing"));
        }
        let authorizations = self.authorization_list.iter().flatten();
        let transaction = TxEnv {
            tx_type: kind,
            caller: Address::ZERO,
            gas_limit: self.gas,
            gas_price,
            kind: self.to.map_or(TxKind::Create, TxKind::Call),
            value: self.value,
            data: self.input,
            nonce: self.nonce,
            chain_id: if kind == 0 { None } else { Some(self.chain_id.unwrap_or(chain_id)) },
            access_list: access_list(self.access_list.as_deref().unwrap_or_default()),
            gas_priority_fee,
            blob_hashes: self.blob_versioned_hashes,
            max_fee_per_blob_gas: self.max_fee_per_blob_gas.unwrap_or(0),
            authorization_list: authorizations.map(|json| Either::Left(json.signed())).collect(),
        };
        let y_parity = self.y_parity.filter(|_| kind > 0);
        if y_parity.is_some_and(|parity| self.v.is_some_and(|v| v != parity)) {
            return Err("v and yParity differ".into());
        }
        let [v, r, s] = [y_parity.or(self.v), self.r, self.s].map(Option::unwrap_or_default);
        match self.secret_key {
            Some(_) if transaction.chain_id.is_some_and(|id| id != chain_id) => {
                Err(format!("it is for chain {}, not {chain_id}", transaction.chain_id.unwrap_or(0)))
            }
            Some(key) if [v, r, s] == [U256::ZERO; 3] => {
                let is_protected = self.protected.unwrap_or(true);
                SignedTransaction::sign(transaction, chain_id, is_protected, key)
            }
            _ => SignedTransaction::with_signature(transaction, v, r, s).checked(),
        }
    }
}

impl SignedTransaction {
    /// A legacy transaction says by its signature for which chain it is.
    ///
    /// Source: EIP-155.
    fn with_signature(mut transaction: TxEnv, v: U256, r: U256, s: U256) -> Self {
        if transaction.tx_type == 0 {
            let chain_id = v.checked_sub(U256::from(35)).and_then(|rest| u64::try_from(rest >> 1).ok());
            transaction.chain_id = chain_id;
        }
        Self { transaction, v, r, s }
    }

    /// Refuses a signature that is none by the rules of any fork, as geth does where it reads JSON. No signature at all is
    /// left to [`SignedTransaction::recover`].
    fn checked(self) -> Result<Self, String> {
        let one = U256::from(1);
        let has_v = if self.transaction.tx_type == 0 { self.v > one } else { self.v <= one };
        match [self.v, self.r, self.s] == [U256::ZERO; 3] {
            true => Ok(self),
            false if !has_v => Err(format!("the signature's v is {}", self.v)),
            false => self.check_numbers(ORDER - one).map(|()| self),
        }
    }

    fn check_numbers(&self, max_s: U256) -> Result<(), String> {
        match self.r.is_zero() || self.r >= ORDER || self.s.is_zero() || self.s > max_s {
            true => Err("the signature's r or s is no number that it can be".into()),
            false => Ok(()),
        }
    }

    fn sign(mut transaction: TxEnv, chain_id: u64, is_protected: bool, key: B256) -> Result<Self, String> {
        let key = SigningKey::from_slice(&key[..]).map_err(|_| "secretKey is no key of secp256k1".to_owned())?;
        if transaction.tx_type == 0 {
            transaction.chain_id = is_protected.then_some(chain_id);
        }
        let signed = key.sign_prehash_recoverable(&signing_hash(&transaction)[..]);
        let (signature, recovery) = signed.map_err(|error| format!("cannot be signed: {error}"))?;
        let parity = U256::from(recovery.to_byte());
        let v = match (transaction.tx_type, transaction.chain_id) {
            (0, Some(chain_id)) => U256::from(chain_id) * U256::from(2) + U256::from(35) + parity,
            (0, None) => U256::from(27) + parity,
            _ => parity,
        };
        let (r, s) = signature.split_bytes();
        Ok(Self { transaction, v, r: U256::from_be_slice(&r), s: U256::from_be_slice(&s) })
    }

    /// Reads a transaction as it is sent: a list if it is a legacy one, otherwise its type and a list.
    ///
    /// Source: EIP-2718.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (kind, mut rest) = match bytes {
            [kind @ 1..=4, rest @ ..] => (*kind, rest),
            [0xc0..=0xff, ..] => (0, bytes),
            [kind, ..] => return Err(format!("there is no transaction of type {kind}")),
            [] => return Err("no bytes".into()),
        };
        let decode = |rest: &mut &[u8]| -> alloy_rlp::Result<Self> {
            let mut fields = Header::decode_bytes(rest, true)?;
            let signed = Self::decode_fields(kind, &mut fields)?;
            if fields.is_empty() && rest.is_empty() { Ok(signed) } else { Err(alloy_rlp::Error::UnexpectedLength) }
        };
        decode(&mut rest).map_err(|error| format!("not the RLP of a transaction: {error}"))
    }

    fn decode_fields(kind: u8, from: &mut &[u8]) -> alloy_rlp::Result<Self> {
        let chain_id = if kind == 0 { None } else { Some(u64::decode(from)?) };
        let nonce = u64::decode(from)?;
        let gas_priority_fee = if kind < 2 { None } else { Some(u128::decode(from)?) };
        let mut transaction = TxEnv {
            tx_type: kind,
            chain_id,
            nonce,
            gas_priority_fee,
            gas_price: u128::decode(from)?,
            gas_limit: u64::decode(from)?,
            kind: TxKind::decode(from)?,
            value: U256::decode(from)?,
            data: Bytes::decode(from)?,
            ..TxEnv::default()
        };
        if kind > 0 {
            transaction.access_list = Decodable::decode(from)?;
        }
        if kind == 3 {
            transaction.max_fee_per_blob_gas = u128::decode(from)?;
            transaction.blob_hashes = Decodable::decode(from)?;
        }
        if kind == 4 {
            let authorizations = Vec::<SignedAuthorization>::decode(from)?;
            transaction.authorization_list = authorizations.into_iter().map(Either::Left).collect();
        }
        let (v, r, s) = (U256::decode(from)?, U256::decode(from)?, U256::decode(from)?);
        Ok(Self::with_signature(transaction, v, r, s))
    }

    /// The transaction as it is sent.
    pub(super) fn to_bytes(&self) -> Bytes {
        let mut fields = fields(&self.transaction);
        [self.v, self.r, self.s].iter().for_each(|number| number.encode(&mut fields));
        typed(self.transaction.tx_type, list(&fields)).into()
    }

    /// The transaction with its sender, to be executed.
    pub(super) fn recover(&self, fork: Fork) -> Result<TxEnv, String> {
        let is_legacy = self.transaction.tx_type == 0;
        let parity = match u64::try_from(self.v) {
            Ok(v @ (0 | 1)) if !is_legacy => v,
            Ok(v @ (27 | 28)) if is_legacy => v - 27,
            Ok(v @ 35..) if is_legacy && fork >= Fork::SpuriousDragon => (v - 35) % 2,
            _ => return Err(format!("the signature's v is {}", self.v)),
        };
        let max_s = if fork >= Fork::Homestead { ORDER >> 1 } else { ORDER - U256::from(1) };
        self.check_numbers(max_s)?;
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&self.r.to_be_bytes::<32>());
        signature[32..].copy_from_slice(&self.s.to_be_bytes::<32>());
        let hash = signing_hash(&self.transaction);
        let sender = crypto().secp256k1_ecrecover(&signature, parity as u8, &hash.0);
        let sender = sender.map_err(|_| "nobody can have made the signature".to_owned())?;
        Ok(TxEnv { caller: Address::from_slice(&sender[12..]), ..self.transaction.clone() })
    }
}

/// What is signed.
fn signing_hash(transaction: &TxEnv) -> B256 {
    let mut fields = fields(transaction);
    if let (0, Some(chain_id)) = (transaction.tx_type, transaction.chain_id) {
        chain_id.encode(&mut fields);
        0_u8.encode(&mut fields);
        0_u8.encode(&mut fields);
    }
    keccak256(typed(transaction.tx_type, list(&fields)))
}

/// All fields but the signature.
///
/// Source: EIP-2930, EIP-1559, EIP-4844, EIP-7702.
fn fields(transaction: &TxEnv) -> Vec<u8> {
    let (kind, mut to) = (transaction.tx_type, Vec::new());
    if kind > 0 {
        transaction.chain_id.unwrap_or(0).encode(&mut to);
    }
    transaction.nonce.encode(&mut to);
    if kind >= 2 {
        transaction.gas_priority_fee.unwrap_or(0).encode(&mut to);
    }
    transaction.gas_price.encode(&mut to);
    transaction.gas_limit.encode(&mut to);
    transaction.kind.encode(&mut to);
    transaction.value.encode(&mut to);
    transaction.data.encode(&mut to);
    if kind > 0 {
        transaction.access_list.encode(&mut to);
    }
    if kind == 3 {
        transaction.max_fee_per_blob_gas.encode(&mut to);
        transaction.blob_hashes.encode(&mut to);
    }
    if kind == 4 {
        let authorizations = transaction.authorization_list.iter().filter_map(|one| one.as_ref().left().cloned());
        authorizations.collect::<Vec<_>>().encode(&mut to);
    }
    to
}

/// A list of fields that are encoded already.
pub(super) fn list(fields: &[u8]) -> Vec<u8> {
    let mut to = Vec::new();
    Header { list: true, payload_length: fields.len() }.encode(&mut to);
    to.extend(fields);
    to
}

/// What has a type other than 0 begins with it.
pub(super) fn typed(kind: u8, list: Vec<u8>) -> Vec<u8> {
    if kind == 0 { list } else { [&[kind], &list[..]].concat() }
}

/// Transactions as a block's body has them.
pub(super) fn body(transactions: &[Bytes]) -> Bytes {
    let mut items = Vec::new();
    for bytes in transactions {
        match bytes.first() {
            Some(0xc0..) => items.extend(&bytes[..]),
            _ => bytes.encode(&mut items),
        }
    }
    list(&items).into()
}

/// Splits a block's body into its transactions.
pub(super) fn split_body(body: &[u8]) -> Result<Vec<Bytes>, String> {
    let mut rest = body;
    let mut split = || -> alloy_rlp::Result<Vec<Bytes>> {
        let mut items = Header::decode_bytes(&mut rest, true)?;
        let mut all = Vec::new();
        while !items.is_empty() {
            let item = items;
            let header = Header::decode(&mut items)?;
            let head = item.len() - items.len();
            let (payload, others) = items.split_at(header.payload_length);
            all.push(Bytes::copy_from_slice(if header.list { &item[..head + payload.len()] } else { payload }));
            items = others;
        }
        if rest.is_empty() { Ok(all) } else { Err(alloy_rlp::Error::UnexpectedLength) }
    };
    split().map_err(|error| format!("not the RLP of a list of transactions: {error}"))
}
