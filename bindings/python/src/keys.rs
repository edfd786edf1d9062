//! Keys, which sign.

use neovm::{chain::contract, types::PublicKey};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use pyo3::{exceptions::PyValueError, prelude::*, types::PyBytes};

use crate::hash::UInt160;

/// A private key on secp256r1.
#[pyclass(frozen, module = "neovm")]
pub(crate) struct KeyPair(SigningKey);

#[pymethods]
impl KeyPair {
    #[new]
    fn new(private_key: &[u8]) -> PyResult<Self> {
        let key = SigningKey::from_slice(private_key);
        key.map(Self).map_err(|_| PyValueError::new_err("a private key is 32 bytes, neither zero nor too great"))
    }

    /// The public key: 33 bytes.
    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.public().0)
    }

    /// The account that the key signs for.
    #[getter]
    fn hash(&self) -> UInt160 {
        UInt160(contract::account(&self.public()))
    }

    /// Signs a message: 64 bytes. The same message has the same signature.
    fn sign<'py>(&self, py: Python<'py>, message: &[u8]) -> Bound<'py, PyBytes> {
        let signature: Signature = self.0.sign(message);
        PyBytes::new(py, &signature.to_bytes())
    }

    fn __repr__(&self) -> String {
        format!("<KeyPair {}>", hex::encode(self.public().0))
    }
}

impl KeyPair {
    fn public(&self) -> PublicKey {
        let point = self.0.verifying_key().to_sec1_point(true);
        let mut key = [0; 33];
        key.copy_from_slice(point.as_bytes());
        PublicKey(key)
    }
}
