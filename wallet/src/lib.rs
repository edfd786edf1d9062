//! Keys of Neo N3 accounts, the forms in which they are kept, and signatures by them.
//!
//! - [`PrivateKey`]: a key, as 32 bytes or in WIF.
//! - [`nep2`]: a key that is encrypted with a password.
//! - [`Wallet`]: a wallet file (NEP-6), which nodes and other wallets read, too.
//! - [`witness`] and [`sign_transaction`]: witnesses of accounts with one key or several.
//!
//! Private keys are wiped from memory when they are dropped, and shown by no error and no
//! debug text.
#![forbid(unsafe_code)]

mod key;
pub mod nep2;
mod nep6;
mod sign;

pub use self::{
    key::{KeyError, PrivateKey, secret},
    nep2::{Nep2Error, Scrypt},
    nep6::{Account, AccountContract, Parameter, Wallet, WalletError},
    sign::{SignError, sign_transaction, verification_script, witness},
};
