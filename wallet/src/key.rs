//! Private keys.

use std::fmt;

use neovm_chain::contract;
use neovm_crypto::{base58_check_decode, base58_check_encode};
use neovm_types::{Hash160, PublicKey};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use zeroize::Zeroizing;

/// The first byte of a key in WIF.
const WIF_VERSION: u8 = 0x80;

/// The last byte of a key in WIF, of which the public key is compressed.
const WIF_COMPRESSED: u8 = 1;

/// Why bytes or a text are no private key. No error holds the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text has neither form.
    #[error("the private key is neither WIF nor 64 hexadecimal digits: {0}")]
    Form(String),
    /// The bytes behind the checksum are not those of a key.
    #[error("the private key is no WIF of a compressed key")]
    Wif,
    /// It is 0, or not less than the order of the curve.
    #[error("the private key is not a number that the curve takes")]
    Range,
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
}

/// The private key of an account, on the curve secp256r1.
///
/// ```
/// use neovm_wallet::PrivateKey;
///
/// let key = PrivateKey::parse("7d128a6d096f0c14c3a25a2b0c41cf79661bfcb4a8cc95aaaea28bde4d732344")?;
/// assert_eq!(&*key.to_wif(), "L1QqQJnpBwbsPGAuutuzPTac8piqvbR1HRjrY5qHup48TBCBFe4g");
/// assert_eq!(key.public_key().to_string(), "02028a99826edc0c97d18e22b6932373d908d323aa7f92656a77ec26e8861699ef");
/// # Ok::<_, neovm_wallet::KeyError>(())
/// ```
#[derive(Clone)]
pub struct PrivateKey {
    /// It is wiped when it is dropped.
    signing: SigningKey,
    public: PublicKey,
}

impl PrivateKey {
    /// Makes a key of random numbers of the operating system.
    ///
    /// # Errors
    /// [`KeyError::Random`] if there are none.
    pub fn generate() -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        loop {
            getrandom::fill(&mut *bytes).map_err(|error| KeyError::Random(error.to_string()))?;
            // One in 2^32 numbers is out of range.
            if let Ok(key) = Self::from_bytes(&bytes) {
                return Ok(key);
            }
        }
    }

    /// Takes a key as a number, its most significant byte first.
    ///
    /// # Errors
    /// [`KeyError::Range`] if it is 0, or not less than the order of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let signing = SigningKey::from_slice(bytes).map_err(|_| KeyError::Range)?;
        let point = signing.verifying_key().to_sec1_point(true);
        let public = point.as_bytes().try_into().map(PublicKey).map_err(|_| KeyError::Range)?;
        Ok(Self { signing, public })
    }

    /// Reads a key in WIF or in 64 hexadecimal digits, with or without `0x`.
    ///
    /// # Errors
    /// [`KeyError`] if the text is neither, or the curve has no such key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Self::from_bytes(&*secret(text)?)
    }

    /// Returns the key as a number, its most significant byte first.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.signing.to_bytes().into())
    }

    /// Returns the key in WIF (wallet import format), which other wallets read.
    ///
    /// Source: `Wallets/KeyPair.cs` (`Export`) of the reference node.
    pub fn to_wif(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([WIF_VERSION; 34]);
        bytes[1..33].copy_from_slice(&*self.to_bytes());
        bytes[33] = WIF_COMPRESSED;
        Zeroizing::new(base58_check_encode(&*bytes))
    }

    /// Returns the public key.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Returns the account for which this key signs alone.
    pub fn account(&self) -> Hash160 {
        contract::account(&self.public)
    }

    /// Signs bytes: SHA-256 of them, with a nonce that follows from key and bytes (RFC 6979).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature: Signature = self.signing.sign(message);
        signature.to_bytes().into()
    }
}

/// Shows the public key alone.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Reads the number that a private key is, in WIF or in 64 hexadecimal digits, with or without `0x`.
/// Any curve may be meant.
///
/// Source: `Wallets/Wallet.cs` (`GetPrivateKeyFromWIF`) of the reference node.
///
/// # Errors
/// [`KeyError`] if the text has neither form.
pub fn secret(text: &str) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let form = |problem: &dyn fmt::Display| KeyError::Form(problem.to_string());
    // Decoding takes time with the square of the length.
    if text.len() > 66 {
        return Err(form(&"it is longer"));
    }
    let mut key = Zeroizing::new([0; 32]);
    if hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut *key).is_ok() {
        return Ok(key);
    }
    let bytes = Zeroizing::new(base58_check_decode(text).map_err(|error| form(&error))?);
    match bytes[..] {
        [WIF_VERSION, ref number @ .., WIF_COMPRESSED] if number.len() == 32 => key.copy_from_slice(number),
        _ => return Err(KeyError::Wif),
    }
    Ok(key)
}
