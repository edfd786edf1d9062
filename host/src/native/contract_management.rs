//! The native contract ContractManagement. Deploys, updates and destroys contracts.
//!
//! Source: `ContractManagement.cs` of the reference node.

use neovm_storage::Key;
use neovm_types::Hash160;

use super::table::NativeContract;

/// The native contract ContractManagement.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Deploys, updates and destroys contracts.",
    ..NativeContract::new("ContractManagement", ID, HASH)
};

/// The id.
pub(crate) const ID: i32 = -1;
/// The hash.
const HASH: [u8; 20] = [
    0xfd, 0xa3, 0xfa, 0x43, 0x46, 0xea, 0x53, 0x2a, 0x25, 0x8f, 0xc4, 0x97, 0xdd, 0xad, 0xdb, 0x64, 0x37, 0xc9, 0xfd,
    0xff,
];

const PREFIX_CONTRACT: u8 = 8;

/// The key under which a contract is stored.
pub(crate) fn contract_key(hash: Hash160) -> Key {
    super::keys::key(ID, PREFIX_CONTRACT).with(&hash.0)
}
