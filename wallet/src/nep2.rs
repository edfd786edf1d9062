//! Private keys that are encrypted with a password.
//!
//! Sources: NEP-2; `Wallets/Wallet.cs` (`GetPrivateKeyFromNEP2`), `Wallets/KeyPair.cs`
//! (`Export`) of the reference node.

use aes::{
    Aes256, Block,
    cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};
use neovm_crypto::{address_from_script_hash, base58_check_decode, base58_check_encode, hash256};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::PrivateKey;

/// The bytes before the address hash: a compressed key, encrypted without a product of primes.
const PREFIX: [u8; 3] = [0x01, 0x42, 0xe0];

/// The characters of an encrypted key.
const LENGTH: usize = 58;

/// Why a key cannot be encrypted or decrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nep2Error {
    /// The text is no encrypted key.
    #[error("the encrypted key is none as of NEP-2: {0}")]
    Form(String),
    /// The password is another one.
    #[error("the password is wrong")]
    Password,
    /// The costs of scrypt are refused.
    #[error("the scrypt parameters n = {}, r = {}, p = {} are refused: {problem}", .scrypt.n, .scrypt.r, .scrypt.p)]
    Scrypt {
        /// The parameters.
        scrypt: Scrypt,
        /// What is wrong with them.
        problem: &'static str,
    },
}

/// The costs of deriving a key from a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scrypt {
    /// The cost in time and memory, a power of two.
    pub n: u32,
    /// The size of a block.
    pub r: u32,
    /// How many times it is done.
    pub p: u32,
}

/// Those of NEP-2 and the reference node: 16 MiB of memory, and some tenths of a second.
impl Default for Scrypt {
    fn default() -> Self {
        Self { n: 16_384, r: 8, p: 8 }
    }
}

impl Scrypt {
    /// The least costs that there are. They protect nothing, and cost no time.
    pub const LEAST: Self = Self { n: 2, r: 1, p: 1 };

    /// The greatest `n * r`: eight times that of the reference, 128 MiB of memory.
    const MAX_MEMORY: u64 = 1 << 20;

    /// The greatest `n * r * p`: 16 times that of the reference.
    const MAX_TIME: u64 = 1 << 24;

    /// Checks the parameters, so that a file cannot take much memory or time.
    fn params(self) -> Result<scrypt::Params, Nep2Error> {
        let refuse = |problem| Nep2Error::Scrypt { scrypt: self, problem };
        let Self { n, r, p } = self;
        if n < 2 || !n.is_power_of_two() {
            return Err(refuse("n is no power of two above 1"));
        }
        let memory = u64::from(n) * u64::from(r);
        if memory > Self::MAX_MEMORY || memory.saturating_mul(p.into()) > Self::MAX_TIME {
            return Err(refuse("they take more than 128 MiB of memory, or much more time than the usual ones"));
        }
        scrypt::Params::new(n.ilog2() as u8, r, p).map_err(|_| refuse("scrypt has no such ones"))
    }

    /// Derives from a password what a key is mixed with, and the key of the cipher.
    fn derive(self, password: &str, salt: [u8; 4]) -> Result<Zeroizing<[[u8; 32]; 2]>, Nep2Error> {
        let params = self.params()?;
        let password: Zeroizing<String> = Zeroizing::new(password.nfc().collect());
        let mut derived = Zeroizing::new([[0; 32]; 2]);
        scrypt::scrypt(password.as_bytes(), &salt, &params, derived.as_flattened_mut())
            .map_err(|_| Nep2Error::Scrypt { scrypt: self, problem: "scrypt has no such ones" })?;
        Ok(derived)
    }
}

/// Encrypts a key. The version of addresses is that of the network.
///
/// # Errors
/// [`Nep2Error::Scrypt`] if the costs are refused.
pub fn encrypt(key: &PrivateKey, password: &str, scrypt: Scrypt, address_version: u8) -> Result<String, Nep2Error> {
    let address_hash = address_hash(key, address_version);
    let derived = scrypt.derive(password, address_hash)?;
    let mut bytes = key.to_bytes();
    mix(&mut bytes, &derived[0]);
    Aes256::new((&derived[1]).into()).encrypt_blocks(blocks(&mut bytes));
    Ok(base58_check_encode(&[&PREFIX[..], &address_hash, &*bytes].concat()))
}

/// Decrypts a key.
///
/// # Errors
/// [`Nep2Error`] if the text is no encrypted key, the password is wrong or the costs are refused.
pub fn decrypt(text: &str, password: &str, scrypt: Scrypt, address_version: u8) -> Result<PrivateKey, Nep2Error> {
    let form = |problem: &str| Nep2Error::Form(problem.into());
    if text.len() != LENGTH {
        return Err(form("it has not 58 characters"));
    }
    let bytes = base58_check_decode(text).map_err(|error| form(&error.to_string()))?;
    let rest = bytes.strip_prefix(&PREFIX).ok_or_else(|| form("its first bytes are others"))?;
    let (salt, encrypted) = rest.split_first_chunk::<4>().ok_or_else(|| form("it is too short"))?;
    let mut number = Zeroizing::new(<[u8; 32]>::try_from(encrypted).map_err(|_| form("it has another length"))?);
    let derived = scrypt.derive(password, *salt)?;
    Aes256::new((&derived[1]).into()).decrypt_blocks(blocks(&mut number));
    mix(&mut number, &derived[0]);
    let key = PrivateKey::from_bytes(&number).map_err(|_| Nep2Error::Password)?;
    if address_hash(&key, address_version) == *salt { Ok(key) } else { Err(Nep2Error::Password) }
}

/// What tells a wrong password: the start of a hash of the key's address.
fn address_hash(key: &PrivateKey, address_version: u8) -> [u8; 4] {
    let [a, b, c, d, ..] = hash256(address_from_script_hash(key.account().0, address_version).as_bytes());
    [a, b, c, d]
}

fn mix(bytes: &mut [u8; 32], mask: &[u8; 32]) {
    bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}

/// The two blocks of the cipher, each by itself (ECB).
fn blocks(bytes: &mut [u8; 32]) -> &mut [Block] {
    Block::cast_slice_from_core_mut(bytes.as_chunks_mut().0)
}
