//! `neovm sign` and `neovm verify-signature`.

use std::{env, path::Path, process::ExitCode};

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use neovm::crypto::{self, Curve, Hash};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use zeroize::Zeroizing;

use crate::{
    hash::{bytes, print},
    input,
};

/// The variable that may hold the key.
const VARIABLE: &str = "NEOVM_KEY";

/// Sign bytes with a private key
///
/// The signature is deterministic (RFC 6979): r and s, 32 bytes each. Contracts check it
/// with System.Crypto.CheckSig or verifyWithECDsa of CryptoLib.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm sign 'some text' --key key.txt
  NEOVM_KEY=L... neovm sign 0x00ff --json
  neovm sign 0x00ff --key key.txt --curve secp256k1 --hash keccak256")]
pub(crate) struct SignArgs {
    /// The bytes: hexadecimal digits after 0x, otherwise the text itself; - for standard
    /// input, as it is
    data: String,
    /// A file with the private key, in WIF or 64 hexadecimal digits; the environment
    /// variable NEOVM_KEY holds the key itself unless given
    #[arg(long, value_name = "FILE")]
    key: Option<std::path::PathBuf>,
    #[command(flatten)]
    scheme: Scheme,
    /// Write JSON: the signature and the public key
    #[arg(long)]
    json: bool,
}

/// Check a signature of bytes
///
/// Prints valid and exits with 0, or not valid and 1. (For transactions of a chain see
/// verify.)
#[derive(clap::Args)]
#[command(after_help = "Examples:
  neovm verify-signature 'some text' SIGNATURE KEY
  neovm verify-signature 0x00ff SIGNATURE KEY --curve secp256k1 --hash keccak256")]
pub(crate) struct VerifySignatureArgs {
    /// The bytes, as for sign
    data: String,
    /// The signature: 128 hexadecimal digits
    signature: String,
    /// The public key: 66 hexadecimal digits, or 130 uncompressed
    key: String,
    #[command(flatten)]
    scheme: Scheme,
    /// Write JSON: whether the signature is valid
    #[arg(long)]
    json: bool,
}

/// The curve and the hash.
#[derive(clap::Args)]
struct Scheme {
    /// The curve; that of the keys of accounts unless given
    #[arg(long, value_enum, default_value_t)]
    curve: CurveName,
    /// What hashes the bytes before they are signed
    #[arg(long, value_enum, default_value_t)]
    hash: HashName,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum CurveName {
    /// NIST P-256
    #[default]
    Secp256r1,
    /// The curve of Bitcoin and Ethereum
    Secp256k1,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum HashName {
    /// SHA-256
    #[default]
    Sha256,
    /// Keccak-256
    Keccak256,
}

pub(crate) fn sign(args: &SignArgs) -> Result<ExitCode> {
    let data = bytes(&args.data)?;
    let secret = secret(args.key.as_deref())?;
    let digest = match args.scheme.hash {
        HashName::Sha256 => crypto::sha256(&data),
        HashName::Keccak256 => crypto::keccak256(&data),
    };
    let refused = |_| anyhow!("the private key is not a number that the curve takes");
    let (signature, key) = match args.scheme.curve {
        CurveName::Secp256r1 => {
            let key = p256::ecdsa::SigningKey::from_slice(&*secret).map_err(refused)?;
            let signature: p256::ecdsa::Signature = key.sign_prehash(&digest)?;
            (signature.to_bytes().to_vec(), key.verifying_key().to_sec1_point(true).as_bytes().to_vec())
        }
        CurveName::Secp256k1 => {
            let key = k256::ecdsa::SigningKey::from_slice(&*secret).map_err(refused)?;
            let signature: k256::ecdsa::Signature = key.sign_prehash(&digest)?;
            (signature.to_bytes().to_vec(), key.verifying_key().to_sec1_point(true).as_bytes().to_vec())
        }
    };
    print([("signature", hex::encode(signature)), ("key", hex::encode(key))].into_iter(), args.json)
}

pub(crate) fn verify(args: &VerifySignatureArgs) -> Result<ExitCode> {
    let signature = input::hex_bytes(&args.signature).context("the signature")?;
    let key = input::hex_bytes(&args.key).context("the public key")?;
    let curve = match args.scheme.curve {
        CurveName::Secp256r1 => Curve::Secp256r1,
        CurveName::Secp256k1 => Curve::Secp256k1,
    };
    let hash = match args.scheme.hash {
        HashName::Sha256 => Hash::Sha256,
        HashName::Keccak256 => Hash::Keccak256,
    };
    let is_valid = crypto::verify(&bytes(&args.data)?, &key, &signature, curve, hash)?;
    crate::terminal::write(&match args.json {
        true => format!("{{\"valid\":{is_valid}}}\n"),
        false => format!("{}\n", if is_valid { "valid" } else { "not valid" }),
    })?;
    Ok(ExitCode::from(u8::from(!is_valid)))
}

/// The private key, from a file or the environment: other users see the command line.
fn secret(file: Option<&Path>) -> Result<Zeroizing<[u8; 32]>> {
    /// More than a key takes, with line breaks.
    const MAX_KEY: usize = 1024;
    let text = match file {
        Some(path) => {
            let text = String::from_utf8(input::read_limited(path, MAX_KEY)?);
            text.ok().with_context(|| format!("{}: the key is not text", input::name_of(path)))?
        }
        None => env::var(VARIABLE).with_context(|| format!("no key: give --key FILE, or set {VARIABLE}"))?,
    };
    let from = || file.map_or(VARIABLE.into(), input::name_of);
    neovm_wallet::secret(text.trim()).with_context(from)
}
