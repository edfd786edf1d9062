//! Accounts as arguments name them, and the keys that sign for them.

use std::{
    env,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use neovm::{Hash160, Signer, WitnessScopes, chain::contract, types::text::quoted};
use neovm_private::{PrivateChain, Signing};
use neovm_wallet::{Account, PrivateKey, Wallet};
use zeroize::Zeroizing;

use crate::{args, input};

/// The variable that may hold the password of a wallet.
const PASSWORD: &str = "NEOVM_PASSWORD";

/// The greatest size of a wallet or a key, in bytes.
const MAX_WALLET: usize = 16 << 20;

/// The password of a wallet file.
#[derive(clap::Args, Default)]
pub(crate) struct Password {
    /// A file with the password of the wallet file; otherwise the environment variable
    /// NEOVM_PASSWORD holds it, or it is asked for at a terminal
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Password {
    /// The password, which is asked for at a terminal at last.
    pub(crate) fn read(&self) -> Result<Zeroizing<String>> {
        if let Some(path) = &self.password_file {
            let bytes = Zeroizing::new(input::read_limited(path, 4096)?);
            let text = str::from_utf8(&bytes).context("the password is not text")?;
            return Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).into()));
        }
        if let Ok(password) = env::var(PASSWORD) {
            return Ok(Zeroizing::new(password));
        }
        if !io::stdin().is_terminal() {
            return Err(anyhow!("no password: give --password-file FILE, or set {PASSWORD}"));
        }
        rpassword::prompt_password("Password: ").map(Zeroizing::new).context("the password cannot be read")
    }
}

/// The option `--sign`.
#[derive(clap::Args)]
pub(crate) struct Sign {
    /// Who signs: the name or address of an account in the chain's wallet, or a file: a wallet
    /// (NEP-6), of which the default account signs, an encrypted key (NEP-2), or a private key in
    /// WIF or hexadecimal digits
    #[arg(long, value_name = "ACCOUNT|FILE")]
    sign: Option<String>,
    #[command(flatten)]
    password: Password,
}

impl Sign {
    /// The account that signs, if one was named, and its keys.
    pub(crate) fn resolve(&self, chain: &PrivateChain) -> Result<Option<(Hash160, Signing)>> {
        self.sign.as_deref().map(|name| signer(chain, name, &self.password)).transpose()
    }
}

/// An account of the chain's wallet.
fn known<'a>(chain: &'a PrivateChain, text: &str) -> Option<&'a Account> {
    let wallet = chain.wallet();
    wallet.find(text).or_else(|| wallet.account(args::account(text).ok()?))
}

/// The account that an argument names: by a name of the chain's wallet, an address or a hash.
pub(crate) fn account(chain: &PrivateChain, text: &str) -> Result<Hash160> {
    match known(chain, text) {
        Some(account) => Ok(account.hash()),
        None => args::account(text).with_context(|| unknown(chain, text)),
    }
}

/// The account that signs, and its keys.
pub(crate) fn signer(chain: &PrivateChain, text: &str, password: &Password) -> Result<(Hash160, Signing)> {
    if let Some(account) = known(chain, text) {
        return Ok((account.hash(), chain.signing()));
    }
    let path = Path::new(text);
    if !path.is_file() {
        return Err(anyhow!("{}, and no file", unknown(chain, text)));
    }
    let version = chain.wallet().address_version();
    let wallet = match KeyFile::read(path, version, password)? {
        KeyFile::Key(key) => return Ok((key.account(), Signing { keys: vec![key], scripts: Vec::new() })),
        KeyFile::Wallet(wallet) => wallet,
    };
    let account = wallet.default_account().with_context(|| format!("{text}: the wallet has no account"))?.hash();
    let keys = wallet.keys(&wallet.accounts, &password.read()?).with_context(|| text.to_owned())?;
    Ok((account, Signing { keys, scripts: wallet.accounts.iter().filter_map(Account::script).collect() }))
}

fn unknown(chain: &PrivateChain, text: &str) -> String {
    let labels = chain.wallet().accounts.iter().filter_map(|account| account.label.as_deref());
    let labels = labels.collect::<Vec<_>>().join(", ");
    format!("{} is no account of the chain's wallet ({labels}), no address and no hash", quoted(text))
}

/// A signer whose witness counts in the script that is called, and no deeper.
pub(crate) fn called_by_entry(account: Hash160) -> Signer {
    Signer::new(account, WitnessScopes::CALLED_BY_ENTRY)
}

/// What a file with keys holds.
enum KeyFile {
    Wallet(Wallet),
    Key(PrivateKey),
}

impl KeyFile {
    /// Reads a wallet (NEP-6), an encrypted key (NEP-2), or a key in WIF or digits.
    fn read(path: &Path, address_version: u8, password: &Password) -> Result<Self> {
        let name = input::name_of(path);
        let bytes = Zeroizing::new(input::read_limited(path, MAX_WALLET)?);
        let content = str::from_utf8(&bytes).with_context(|| format!("{name} is neither a wallet nor a key"))?.trim();
        if content.starts_with('{') {
            return Wallet::from_json(content, address_version).map(Self::Wallet).context(name);
        }
        if content.starts_with("6P") {
            let scrypt = neovm_wallet::Scrypt::default();
            let key = neovm_wallet::nep2::decrypt(content, &password.read()?, scrypt, address_version);
            return key.map(Self::Key).context(name);
        }
        PrivateKey::parse(content).map(Self::Key).context(name)
    }
}

/// Keys of a file, as `wallet import` and `chain new` take them: all of a wallet, or one.
pub(crate) fn keys_of_file(path: &Path, address_version: u8, password: &Password) -> Result<Vec<PrivateKey>> {
    match KeyFile::read(path, address_version, password)? {
        KeyFile::Key(key) => Ok(vec![key]),
        KeyFile::Wallet(wallet) => {
            wallet.keys(&wallet.accounts, &password.read()?).with_context(|| input::name_of(path))
        }
    }
}

/// The account of a key, as people write it.
pub(crate) fn address_of(key: &PrivateKey, address_version: u8) -> String {
    neovm::crypto::address_from_script_hash(contract::account(key.public_key()).0, address_version)
}
