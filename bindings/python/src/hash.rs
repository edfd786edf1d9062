//! `UInt160` and `UInt256`.

use std::hash::{DefaultHasher, Hash, Hasher};

use neovm::{
    Hash160, Hash256,
    crypto::{ADDRESS_VERSION, address_from_script_hash, script_hash_from_address},
    types::text::quoted,
};
use pyo3::{exceptions::PyValueError, prelude::*, types::PyBytes};

macro_rules! hash_class {
    ($name:ident($hash:ident), $size:literal, { $($methods:tt)* }) => {
        #[pymethods]
        impl $name {
            #[new]
            fn new(value: &Bound<'_, PyAny>) -> PyResult<Self> {
                Self::of(value)
            }

            /// The hash of zeros.
            #[staticmethod]
            fn zero() -> Self {
                Self($hash::default())
            }

            /// Reads hexadecimal digits in the order that people see, with or without 0x.
            #[staticmethod]
            fn from_string(text: &str) -> PyResult<Self> {
                let digits = text.strip_prefix("0x").unwrap_or(text);
                format!("0x{digits}").parse().map(Self).map_err(|_| {
                    PyValueError::new_err(format!(
                        concat!("{} is no ", stringify!($name), ": 0x and {} hexadecimal digits"),
                        quoted(text),
                        2 * $size
                    ))
                })
            }

            /// The bytes, as contracts see them.
            #[pyo3(name = "to_array")]
            fn bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                PyBytes::new(py, &self.0.0)
            }

            fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                self.bytes(py)
            }

            fn __getnewargs__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>,) {
                (self.bytes(py),)
            }

            fn __str__(&self) -> String {
                self.0.to_string()
            }

            fn __repr__(&self) -> String {
                format!(concat!(stringify!($name), "('{}')"), self.0)
            }

            fn __hash__(&self) -> u64 {
                let mut hasher = DefaultHasher::new();
                self.0.0.hash(&mut hasher);
                hasher.finish()
            }

            $($methods)*
        }

        impl $name {
            /// Reads bytes as contracts see them, or another hash.
            fn of_bytes(value: &Bound<'_, PyAny>) -> PyResult<Self> {
                let bytes = crate::value::bytes_of(value)?;
                let Some(bytes) = bytes else {
                    let type_name = value.get_type().name()?;
                    return Err(pyo3::exceptions::PyTypeError::new_err(format!(
                        concat!("a ", stringify!($name), " is made of a str or of {} bytes, not of {}"),
                        $size, type_name
                    )));
                };
                let array = bytes.as_slice().try_into().map_err(|_| {
                    PyValueError::new_err(format!(
                        concat!("a ", stringify!($name), " has {} bytes, not {}"),
                        $size,
                        bytes.len()
                    ))
                })?;
                Ok(Self($hash(array)))
            }
        }
    };
}

/// The hash of a script, which is an account or a contract: 20 bytes.
///
/// It is made of bytes as contracts see them, of hexadecimal digits in the opposite order
/// after 0x, as people see them, or of an address.
#[pyclass(frozen, eq, ord, module = "neovm", from_py_object)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UInt160(pub(crate) Hash160);

/// The hash of a transaction or a block: 32 bytes.
#[pyclass(frozen, eq, ord, module = "neovm")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UInt256(pub(crate) Hash256);

hash_class!(UInt160(Hash160), 20, {
    /// Reads an address.
    #[staticmethod]
    fn from_address(address: &str) -> PyResult<Self> {
        let hash = script_hash_from_address(address, ADDRESS_VERSION);
        let refused = |error| PyValueError::new_err(format!("{} is no address: {error}", quoted(address)));
        hash.map(|hash| Self(Hash160(hash))).map_err(refused)
    }

    /// The address.
    #[getter]
    fn address(&self) -> String {
        address_from_script_hash(self.0.0, ADDRESS_VERSION)
    }
});
hash_class!(UInt256(Hash256), 32, {});

impl UInt160 {
    /// Reads a hash as users write it.
    pub(crate) fn of(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(hash) = value.cast::<Self>() {
            return Ok(*hash.get());
        }
        if let Ok(text) = value.extract::<&str>() {
            let is_hex = text.starts_with("0x") || text.len() == 40;
            return if is_hex { Self::from_string(text) } else { Self::from_address(text) };
        }
        Self::of_bytes(value)
    }
}

impl UInt256 {
    pub(crate) fn of(value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(hash) = value.cast::<Self>() {
            return Ok(*hash.get());
        }
        if let Ok(text) = value.extract::<&str>() {
            return Self::from_string(text);
        }
        Self::of_bytes(value)
    }
}
