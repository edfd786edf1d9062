//! The contracts on the chain.

use neovm::{Hash160, chain::contract};

/// A contract that is deployed by the sender of its transaction.
pub(crate) struct Deployment {
    nef: &'static [u8],
    manifest: String,
    name: &'static str,
}

impl Deployment {
    /// A contract from `bench/data/contracts`, under a name of its own.
    fn new(nef: &'static [u8], manifest: &str, file: &str, name: &'static str) -> Self {
        let [from, to] = [file, name].map(|name| format!("\"name\": \"{name}\""));
        assert!(manifest.contains(&from), "the manifest has the name of its file");
        Self { nef, manifest: manifest.replacen(&from, &to, 1), name }
    }

    /// Returns the hash that the contract will have.
    pub(crate) fn hash(&self, sender: Hash160) -> Hash160 {
        let checksum = self.nef.last_chunk().expect("a NEF file ends with its checksum");
        contract::contract_hash(sender, u32::from_le_bytes(*checksum), self.name)
    }

    /// Returns the arguments of ContractManagement's method `deploy`.
    pub(crate) fn arguments(&self) -> [&[u8]; 2] {
        [self.nef, self.manifest.as_bytes()]
    }
}

macro_rules! contract {
    ($file:literal, $name:literal) => {
        Deployment::new(
            include_bytes!(concat!("../../../data/contracts/", $file, ".nef")),
            include_str!(concat!("../../../data/contracts/", $file, ".manifest.json")),
            $file,
            $name,
        )
    };
}

/// Returns the contracts: the two NEP-17 tokens, the NEP-11 token, the exchange.
pub(crate) fn deployments() -> [Deployment; 4] {
    [
        contract!("fungible", "apples"),
        contract!("fungible", "pears"),
        contract!("non_fungible", "pictures"),
        contract!("exchange", "exchange"),
    ]
}
