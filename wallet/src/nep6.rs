//! Wallet files.
//!
//! Sources: NEP-6; `Wallets/NEP6/*.cs` of the reference node.

use base64::{Engine, prelude::BASE64_STANDARD};
use neovm_chain::contract::{self, MultisigError};
use neovm_crypto::{address_from_script_hash, script_hash_from_address};
use neovm_types::{Hash160, PublicKey, Script, base64 as dotnet_base64, json, text::quoted};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    PrivateKey,
    nep2::{self, Nep2Error, Scrypt},
};

/// The greatest number of bytes of a wallet file.
const MAX_SIZE: usize = 16 << 20;

/// The version of the files that are made.
const VERSION: &str = "1.0";

/// Why a wallet file is refused, or an account cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WalletError {
    /// It is too large.
    #[error("the wallet has more than 16 MiB")]
    Size,
    /// It is no JSON of a wallet.
    #[error("no wallet as of NEP-6: {0}")]
    Syntax(String),
    /// An account is wrong.
    #[error("accounts[{index}]: {problem}")]
    Account {
        /// The position of the account.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The key of an account cannot be decrypted.
    #[error("account {address}: {error}")]
    Key {
        /// The address.
        address: String,
        /// Why not.
        error: Nep2Error,
    },
    /// The wallet has this account already.
    #[error("the wallet has account {0} already")]
    Known(String),
    /// There is no account of so many keys.
    #[error(transparent)]
    Multisig(#[from] MultisigError),
}

/// A wallet file (NEP-6). What it holds besides is kept when it is written again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wallet {
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The version of the format.
    pub version: String,
    /// What the passwords of its keys cost.
    pub scrypt: Scrypt,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// What another program has noted.
    #[serde(default)]
    pub extra: Value,
    #[serde(flatten)]
    other: Map<String, Value>,
    /// The version of its addresses.
    #[serde(skip)]
    address_version: u8,
}

/// An account of a wallet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The address.
    pub address: String,
    /// What its owner calls it.
    #[serde(default)]
    pub label: Option<String>,
    /// Whether it is used unless another one is named.
    #[serde(default, alias = "isdefault")]
    pub is_default: bool,
    /// Whether its owner does not want it to be used.
    #[serde(default)]
    pub lock: bool,
    /// The key, encrypted (NEP-2); none if the account is only looked at.
    #[serde(default)]
    pub key: Option<String>,
    /// How it signs.
    #[serde(default)]
    pub contract: Option<AccountContract>,
    /// What another program has noted.
    #[serde(default)]
    pub extra: Value,
    #[serde(flatten)]
    other: Map<String, Value>,
    /// The hash that the address stands for.
    #[serde(skip)]
    hash: Hash160,
}

/// The verification script of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountContract {
    /// The script, in base64.
    pub script: String,
    /// What the invocation script pushes.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// Whether the account is a contract that is deployed, whose method `verify` is called.
    #[serde(default)]
    pub deployed: bool,
}

/// A parameter of a verification script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Account {
    /// Returns the hash that the address stands for.
    pub const fn hash(&self) -> Hash160 {
        self.hash
    }

    /// Returns the verification script, if it is there and no contract is deployed instead.
    pub fn script(&self) -> Option<Script> {
        let contract = self.contract.as_ref().filter(|contract| !contract.deployed)?;
        dotnet_base64::decode(&contract.script).ok().map(|bytes| Script::from(&bytes[..]))
    }

    /// Reads the address, and checks that it is that of the script.
    fn check(&mut self, address_version: u8) -> Result<(), String> {
        let hash = script_hash_from_address(&self.address, address_version);
        self.hash = Hash160(hash.map_err(|error| format!("the address {}: {error}", quoted(&self.address)))?);
        let Some(contract) = &self.contract else { return Ok(()) };
        let script = dotnet_base64::decode(&contract.script).map_err(|error| format!("its script: {error}"))?;
        let hash = Script::from(&script[..]).hash();
        if contract.deployed || hash == self.hash {
            return Ok(());
        }
        let of = address_from_script_hash(hash.0, address_version);
        Err(format!("its script is that of {of}, not of {}", self.address))
    }
}

impl Wallet {
    /// Makes a wallet without accounts.
    pub fn new(name: Option<String>, scrypt: Scrypt, address_version: u8) -> Self {
        Self {
            name,
            version: VERSION.into(),
            scrypt,
            accounts: Vec::new(),
            extra: Value::Null,
            other: Map::new(),
            address_version,
        }
    }

    /// Reads a wallet file, whose addresses have a version.
    ///
    /// # Errors
    /// [`WalletError`] if the file is refused. No key is decrypted.
    pub fn from_json(text: &str, address_version: u8) -> Result<Self, WalletError> {
        if text.len() > MAX_SIZE {
            return Err(WalletError::Size);
        }
        let text = text.trim_start_matches('\u{feff}');
        let wallet: Self = json::file::read(text.as_bytes()).map_err(|error| WalletError::Syntax(error.to_string()))?;
        let mut wallet = Self { address_version, ..wallet };
        let mut known = std::collections::HashSet::new();
        for (index, account) in wallet.accounts.iter_mut().enumerate() {
            account.check(address_version).map_err(|problem| WalletError::Account { index, problem })?;
            if !known.insert(account.hash) {
                let problem = format!("{} is there again", account.address);
                return Err(WalletError::Account { index, problem });
            }
        }
        Ok(wallet)
    }

    /// Returns the text of the file.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Returns the version of the addresses.
    pub const fn address_version(&self) -> u8 {
        self.address_version
    }

    /// Returns the account that is used unless another one is named: that which says so, or else the first.
    pub fn default_account(&self) -> Option<&Account> {
        self.accounts.iter().find(|account| account.is_default).or_else(|| self.accounts.first())
    }

    /// Returns the account with a hash.
    pub fn account(&self, hash: Hash160) -> Option<&Account> {
        self.accounts.iter().find(|account| account.hash == hash)
    }

    /// Returns the account with a label or an address.
    pub fn find(&self, name: &str) -> Option<&Account> {
        let is_named = |account: &&Account| account.label.as_deref() == Some(name) || account.address == name;
        self.accounts.iter().find(is_named)
    }

    /// Adds the account of a key, which is encrypted with a password.
    ///
    /// # Errors
    /// [`WalletError`] if the account is there already, or the wallet's costs are refused.
    pub fn add_key(
        &mut self,
        key: &PrivateKey,
        label: Option<&str>,
        password: &str,
    ) -> Result<&mut Account, WalletError> {
        let script = contract::signature_script(key.public_key());
        self.add(&script, 1, label, Some((key, password)))
    }

    /// Adds an account for which a number of keys must sign, and one of the keys if it is given.
    ///
    /// # Errors
    /// As for [`add_key`](Self::add_key), and [`WalletError::Multisig`] if there is no such account.
    pub fn add_multisig(
        &mut self,
        required: usize,
        keys: &[PublicKey],
        label: Option<&str>,
        key: Option<(&PrivateKey, &str)>,
    ) -> Result<&mut Account, WalletError> {
        let script = contract::multisig_script(required, keys)?;
        self.add(&script, required, label, key)
    }

    fn add(
        &mut self,
        script: &Script,
        signatures: usize,
        label: Option<&str>,
        key: Option<(&PrivateKey, &str)>,
    ) -> Result<&mut Account, WalletError> {
        let hash = script.hash();
        let address = address_from_script_hash(hash.0, self.address_version);
        if self.account(hash).is_some() {
            return Err(WalletError::Known(address));
        }
        let encrypt = |(key, password)| nep2::encrypt(key, password, self.scrypt, self.address_version);
        let key = key.map(encrypt).transpose();
        let key = key.map_err(|error| WalletError::Key { address: address.clone(), error })?;
        let parameter = |i: usize| {
            let name = if signatures == 1 { "signature".into() } else { format!("signature{i}") };
            Parameter { name, kind: "Signature".into() }
        };
        self.accounts.push(Account {
            address,
            label: label.map(str::to_owned),
            is_default: self.accounts.is_empty(),
            lock: false,
            key,
            contract: Some(AccountContract {
                script: BASE64_STANDARD.encode(script.bytes()),
                parameters: (0..signatures).map(parameter).collect(),
                deployed: false,
            }),
            extra: Value::Null,
            other: Map::new(),
            hash,
        });
        let last = self.accounts.len() - 1;
        Ok(&mut self.accounts[last])
    }

    /// Decrypts the keys of some accounts; those without a key are left out, and of a key that several have there
    /// is one.
    ///
    /// # Errors
    /// [`WalletError::Key`] if the password is wrong.
    pub fn keys<'a>(
        &self,
        accounts: impl IntoIterator<Item = &'a Account>,
        password: &str,
    ) -> Result<Vec<PrivateKey>, WalletError> {
        let mut keys: Vec<(&str, PrivateKey)> = Vec::new();
        for account in accounts {
            let Some(text) = account.key.as_deref() else { continue };
            if keys.iter().any(|(known, _)| *known == text) {
                continue;
            }
            let key = nep2::decrypt(text, password, self.scrypt, self.address_version);
            let key = key.map_err(|error| WalletError::Key { address: account.address.clone(), error })?;
            keys.push((text, key));
        }
        Ok(keys.into_iter().map(|(_, key)| key).collect())
    }
}
