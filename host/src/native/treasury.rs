//! The native contract Treasury. Receives tokens that the committee controls.
//!
//! Source: `Treasury.cs` of the reference node.

use neovm_types::{CallFlags, Hardfork, Hash160, Integer, StackItem};

use super::{neo_token, table::NativeContract};

/// The native contract Treasury.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Receives tokens that the committee controls.",
    active_in: Hardfork::Faun,
    methods: methods! {
        (executor, _caller)

        /// Accepts a token that is one of a kind.
        onNEP11Payment(from: Hash160, amount: Integer, tokenId: Vec<u8>, data: StackItem) { cpu_fee: 1 << 5 }
            => { _ = (executor, from, amount, tokenId, data); Ok(()) };
        /// Accepts tokens.
        onNEP17Payment(from: Hash160, amount: Integer, data: StackItem) { cpu_fee: 1 << 5 }
            => { _ = (executor, from, amount, data); Ok(()) };
        /// Returns whether the committee has signed.
        verify() -> bool { cpu_fee: 1 << 5, flags: CallFlags::READ_STATES }
            => neo_token::committee_address(executor.layer()).and_then(|committee| executor.check_witness(committee));
    },
    compose: |manifest, _| manifest.supported_standards = ["NEP-26", "NEP-27", "NEP-30"].map(String::from).to_vec(),
    ..NativeContract::new("Treasury", ID, Hash160(HASH))
};

/// The id.
pub(crate) const ID: i32 = -11;
/// The hash.
const HASH: [u8; 20] = [
    0xc1, 0x3a, 0x56, 0xc9, 0x83, 0x53, 0xa7, 0xea, 0x6a, 0x32, 0x4d, 0x9a, 0x83, 0x5d, 0x1b, 0x5b, 0xf2, 0x26, 0x63,
    0x15,
];

/// The hash.
pub(crate) fn hash() -> Hash160 {
    Hash160(HASH)
}
