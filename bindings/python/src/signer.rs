//! Signers.

use neovm::types::json::Json;
use pyo3::{exceptions::PyValueError, prelude::*, types::PyString};

use crate::hash::UInt160;

/// An account that signs, and where its signature counts.
///
/// `scopes` are names separated by commas: None, CalledByEntry, CustomContracts,
/// CustomGroups, WitnessRules, Global. `rules` are dicts as the RPC has them:
/// {"action": "Allow", "condition": {"type": "CalledByEntry"}}. Scopes that lists need are
/// added.
#[pyclass(frozen, eq, module = "neovm", from_py_object)]
#[derive(Clone, PartialEq)]
pub(crate) struct Signer(pub(crate) neovm::Signer);

#[pymethods]
impl Signer {
    #[new]
    #[pyo3(signature = (account, scopes = "CalledByEntry", *, contracts = Vec::new(), groups = Vec::new(), rules = None))]
    fn new(
        account: &Bound<'_, PyAny>,
        scopes: &str,
        contracts: Vec<Bound<'_, PyAny>>,
        groups: Vec<Bound<'_, PyAny>>,
        rules: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let account = UInt160::of(account)?.0;
        let lists = [
            ("CustomContracts", !contracts.is_empty()),
            ("CustomGroups", !groups.is_empty()),
            ("WitnessRules", rules.map_or(Ok(false), Bound::is_truthy)?),
        ];
        let mut names: Vec<&str> = scopes.split(',').map(str::trim).collect();
        for (name, is_needed) in lists {
            if is_needed && !names.contains(&name) {
                names.push(name);
            }
        }
        let contracts: PyResult<Vec<Json>> =
            contracts.iter().map(|hash| Ok(UInt160::of(hash)?.0.to_string().into())).collect();
        let groups: PyResult<Vec<Json>> = groups.iter().map(|key| Ok(public_key(key)?.into())).collect();
        let rules = match rules {
            Some(rules) => rules.py().import("json")?.call_method1("dumps", (rules,))?.extract::<String>()?,
            None => "[]".into(),
        };
        let rules = Json::parse(rules.as_bytes(), Json::MAX_DEPTH);
        let rules = rules.map_err(|error| PyValueError::new_err(format!("rules: {error}")))?;
        let members = [
            ("account", account.to_string().into()),
            ("scopes", names.join(",").as_str().into()),
            ("allowedcontracts", Json::Array(contracts?)),
            ("allowedgroups", Json::Array(groups?)),
            ("rules", rules),
        ];
        let json = Json::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect());
        neovm::Signer::from_json(&json).map(Self).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The account.
    #[getter]
    fn account(&self) -> UInt160 {
        UInt160(self.0.account)
    }

    /// Where the signature counts.
    #[getter]
    fn scopes(&self) -> String {
        self.0.scopes.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Signer({}, {:?})", self.0.account, self.0.scopes.to_string())
    }
}

/// A public key in hexadecimal digits.
fn public_key(key: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = key.cast::<PyString>() {
        return Ok(text.to_str()?.to_owned());
    }
    let bytes = crate::value::bytes_of(key)?;
    bytes.map(hex::encode).ok_or_else(|| PyValueError::new_err("a group is a public key: 33 bytes or 66 digits"))
}
